// Groups that come and go, without their files: CLOSIDs, RMIDs, first masks, whose tasks and CPUs.
#pragma once

#include "tests/support/resctrl/state.h"

namespace berth::test::resctrl {

struct Made {
  int error = 0;  // ENOSPC, EBUSY
  std::shared_ptr<Group> group;
};
Made make_control_group(State& state, const std::string& name);
Made make_monitor_group(State& state, Group& parent, const std::string& name);

// rmdir: tasks and CPUs go to the default group, or to the monitoring group's parent.
void remove_group(State& state, Group& group);

// rename of a monitoring group, perhaps to another parent. 0 or EPERM.
int move_monitor_group(State& state, Group& group, Group& parent, const std::string& name);

// What an RMID occupies in a domain, by the test's figures; and a look at the limbo.
Rmids::Occupancy occupancy(const State& state);
void look_at_limbo(State& state);

}  // namespace berth::test::resctrl
