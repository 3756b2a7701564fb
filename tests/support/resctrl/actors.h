// Other programs that know of nobody else, to be let loose from a hook.
#pragma once

#include <set>
#include <string>

#include "tests/support/resctrl/model.h"

namespace berth::test::resctrl {

// pqos: makes COS1, COS2, ... until there are no CLOSIDs. Returns how many it made.
unsigned make_all_classes(Model& model);

// containerd with a configuration of RDT: removes every control group that is not one of `mine`.
// Returns how many it removed.
unsigned remove_others(Model& model, const std::set<std::string>& mine);

}  // namespace berth::test::resctrl
