// Stopping a group's processes where they stand and letting them go on: cgroup.freeze (v2) or the
// freezer controller (v1). Where a host has both, v1's, as all v1 controllers come first. For
// groups made with ControllerSet::container.
#pragma once

#include <sys/types.h>

#include <set>
#include <string>

#include "runtime/cgroup/hierarchy.h"

namespace berth::runtime::cgroup {

// Until every process in the group and below it stands still. Where some do not within 2 s, it is
// thawed again and an Error says so.
void freeze(const Hierarchy& hierarchy, const std::string& path);
// Until all go on (at most 2 s). Nothing happens where the group is not frozen.
void thaw(const Hierarchy& hierarchy, const std::string& path);
// v1, where a process that stands still takes no signal: those of `pids`, processes of the group,
// that somebody put into another group of the freezer's, or into one below, come back to this one.
// Nobody else there is let go. Where this process may not move one, it stays.
void bring_back(const Hierarchy& hierarchy, const std::string& path, const std::set<pid_t>& pids);
// Whether it was frozen and not thawed since. False where the group or the freezer is not there.
bool is_frozen(const Hierarchy& hierarchy, const std::string& path);

}  // namespace berth::runtime::cgroup
