// What of cgroup v2 a caller without rights over the host's hierarchies may use
// (Documentation/admin-guide/cgroup-v2.rst, "Delegation"). No part of v1 is safe to delegate.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "runtime/cgroup/hierarchy.h"

namespace berth::runtime::cgroup {

struct Delegation {
  std::string path;       // below v2's mount point: the group that groups may be made in
  bool occupied = false;  // processes are in it: it can hand controllers to no group below
};

// Beside this process' own group, where the group above is the caller's too: that one has no
// processes of its own, as a rule. Else in the own group. Nothing where neither may be written to.
// `proc_cgroup`: /proc/self/cgroup.
std::optional<Delegation> find_delegation(const Hierarchy& hierarchy, std::string_view proc_cgroup);

// Whether this process may put its children into the group `path` of v2, below the mount point: the
// kernel asks for the right to write to `cgroup.procs` of the nearest group that they are in before
// and after ("Delegation Containment"). `proc_cgroup`: /proc/self/cgroup.
bool may_move_into(const Hierarchy& hierarchy, std::string_view proc_cgroup,
                   const std::string& path);

// ControllerSet::delegated, with the controllers that the group `path` has.
Hierarchy detect_delegated(const std::string& path);

// Hands the group over to `owner`, an id of this process' user namespace: the directory and what
// the kernel says may be handed over with it. On v2. Where this process may not, it stays as it
// was.
void give_group(const Hierarchy& hierarchy, const std::string& path, uid_t owner);

}  // namespace berth::runtime::cgroup
