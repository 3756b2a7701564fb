// Internal to the folder: the mounted hierarchies that hold the controllers of ours, and the groups
// in them, reached without following symbolic links.
#pragma once

#include <sys/types.h>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "runtime/cgroup/hierarchy.h"
#include "runtime/cgroup/join.h"

namespace berth::runtime::cgroup {

// A hierarchy with at least one controller of the set. A v2 without any (hybrid) is none, unless it
// was delegated.
struct Site {
  bool v2 = false;
  std::string mount;
  std::string root;                      // the cgroup that is seen at `mount`
  std::vector<std::string> controllers;  // of ours
  bool has(std::string_view controller) const;
};
std::vector<Site> sites(const Hierarchy& hierarchy);
const Site* site_of(const std::vector<Site>& all, std::string_view controller);

// The components of a relative path. Throws where one is empty, `.` or `..`.
std::vector<std::string> components(std::string_view path);

// The group below `dir` (at least one component), nothing where it is not there. Symbolic links are
// never followed.
std::optional<UniqueFd> descend(int dir, const std::vector<std::string>& parts);
// The group below the hierarchy's mount point, by one call of the kernel, and its absolute path.
std::string path_of(const Site& site, const std::vector<std::string>& parts);
std::optional<UniqueFd> open_group(const Site& site, const std::vector<std::string>& parts);
// A file of the group, the same way.
std::optional<UniqueFd> open_in_group(const Site& site, const std::vector<std::string>& parts,
                                      const std::string& file, int flags);

// The hierarchy's group among those that a process joins; false where it is not there.
bool add_to(CgroupJoin& join, const Site& site, const std::vector<std::string>& parts);

// The processes in `group` itself. A process outside our PID namespace shows as 0.
std::set<pid_t> processes_in(int group);
// Adds the processes in `group` and below it.
void collect_processes(int group, std::set<pid_t>& found);

}  // namespace berth::runtime::cgroup
