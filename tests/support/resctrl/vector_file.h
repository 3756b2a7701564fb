// The language of tests/rdt/resctrl_vectors, explained there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/resctrl/state.h"

namespace berth::test::resctrl {

// One call and what is expected of it.
struct Step {
  int line = 0;
  std::string text;  // as it is in the file
  std::string operation;
  std::vector<std::string> words;  // what it is called with
  std::string by;                  // the child that calls; empty: the test itself
  int uid = 0;                     // as which user
  bool eventually = false;         // EBUSY passes
  char relation = 0;               // '=' or '~': what is read is all of `expected`, or matches it
  std::vector<std::string> expected;
  int error = 0;
  std::string status = "ok\n";  // what last_cmd_status reads after it; "*\n": anything
};

struct Vector {
  int line = 0;
  std::string name;
  std::string machine;
  MountOptions options;
  bool bytes_only = false;  // not by a mount of FUSE: writes of no bytes
  std::vector<Step> steps;
};

// Throws Error with the line of a mistake.
std::vector<Vector> read_vectors(std::string_view text);

// ENOENT for 2.
std::string errno_name(int error);

}  // namespace berth::test::resctrl
