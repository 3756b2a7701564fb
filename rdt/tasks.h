// Who is in a place: looking, killing, and bringing back whom somebody else sent away.
#pragma once

#include <sys/types.h>

#include <span>
#include <vector>

#include "rdt/ledger.h"

namespace berth::rdt {

// The threads there, the dead ones that nobody has waited for among them.
std::vector<pid_t> tasks_at(const Resctrl& resctrl, const Place& place);
// Without those.
std::vector<pid_t> running_at(const Resctrl& resctrl, const Place& place);

// Until none is left, for at most 2 s: a task that forks while it is hunted takes more than one
// round. Not under resctrl's lock, which others wait for.
void kill_tasks(const Resctrl& resctrl, const Place& place);

// Moves those threads of `processes` to the place that are in the default group: the kernel sends
// them there when their group is removed. How many it were.
size_t bring_back(const Resctrl& resctrl, const Place& place, std::span<const pid_t> processes);

}  // namespace berth::rdt
