// Real-time time of v1's groups (Documentation/scheduler/sched-rt-group.rst): a new group has none,
// and all that are directly in a group have no more together than that one.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/cgroup/hierarchy.h"

namespace berth::runtime::cgroup {

// Makes room for `runtime` microseconds of the group `path` in those above it, from the topmost of
// ours down: each gets what the groups in it have, and this more. Nothing happens where the kernel
// has no such budgets. Throws Error that names the group whose own parent has not as much.
void make_room_for_realtime(const Hierarchy& hierarchy, const Tops& tops, const std::string& path,
                            int64_t runtime);

}  // namespace berth::runtime::cgroup
