// The group that a process which joins a container goes to. Private to this folder.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "runtime/cgroup/hierarchy.h"
#include "runtime/cgroup/join.h"

namespace berth::runtime {

// `--cgroup` by controller; the empty name stands for every hierarchy. Pure; throws Error.
std::map<std::string, std::string> parse_exec_cgroups(const std::vector<std::string>& arguments);

// The container's group `path`, or one below it; empty where the container has none. Where nothing
// else is asked for, a group on v2 that takes no process, or is gone, is replaced by that of the
// container's first process, `first`.
CgroupJoin join_of_container(const cgroup::Hierarchy& hierarchy, const std::string& path,
                             const std::vector<std::string>& arguments, pid_t first);

// The same groups as paths below the container's own, for who moves the process there by them:
// each one is for where those before it take no process.
std::vector<std::string> groups_below_container(const cgroup::Hierarchy& hierarchy,
                                                const std::string& path,
                                                const std::vector<std::string>& arguments,
                                                pid_t first);

}  // namespace berth::runtime
