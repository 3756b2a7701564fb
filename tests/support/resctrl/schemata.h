// What may be written to a group's `schemata`: all lines of one write, or none of them.
#pragma once

#include <string_view>

#include "tests/support/resctrl/state.h"

namespace berth::test::resctrl {

// 0, or EINVAL; the status holds the reason, where the kernel gives one.
int write_schemata(State& state, const Group& group, std::string_view written);

}  // namespace berth::test::resctrl
