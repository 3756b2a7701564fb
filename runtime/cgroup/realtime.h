// Real-time time of v1's groups (Documentation/scheduler/sched-rt-group.rst): a new group has none,
// and all that are directly in a group have no more together than that one.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/cgroup/hierarchy.h"

namespace berth::runtime::cgroup {

// Microseconds in each `period` of microseconds.
struct RealTime {
  int64_t runtime = 0;
  int64_t period = 1'000'000;  // a new group's
};

// Makes room for `wanted` of the group `path` in those above it, from the topmost of ours down:
// each gets what the groups in it have, and this more, counted in its own period. Nothing happens
// where the kernel has no such budgets. Throws Error that names the group whose own parent has not
// as much.
void make_room_for_realtime(const Hierarchy& hierarchy, const Tops& tops, const std::string& path,
                            const RealTime& wanted);

// Whether the group `path` has a budget.
bool has_realtime(const Hierarchy& hierarchy, const std::string& path);
// Takes it back: those above it, up to the topmost of ours, keep what the other groups in them
// have. Before the group is removed, for the kernel counts it some time longer, and when its
// processes have ended. What cannot be taken back stays.
void take_back_realtime(const Hierarchy& hierarchy, const Tops& tops, const std::string& path);

}  // namespace berth::runtime::cgroup
