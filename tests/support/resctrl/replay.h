// Vectors against a target.
#pragma once

#include <string>
#include <vector>

#include "tests/support/resctrl/target.h"
#include "tests/support/resctrl/vector_file.h"

namespace berth::test::resctrl {

struct Difference {
  int line = 0;
  std::string what;
};

// Replays it from a fresh mount; nothing where all was as expected. The first difference ends it.
std::vector<Difference> replay(Target& target, const Vector& vector);

}  // namespace berth::test::resctrl
