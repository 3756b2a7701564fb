// mon_data's figures and info/L3_MON.
#pragma once

#include <string_view>

#include "tests/support/resctrl/state.h"

namespace berth::test::resctrl {

// A control group's figure is that of its tasks and of those of its monitoring groups.
std::string figure_text(const State& state, const Group& group, unsigned domain,
                        std::optional<unsigned> node, const std::string& event);

int write_threshold(State& state, std::string_view written);

}  // namespace berth::test::resctrl
