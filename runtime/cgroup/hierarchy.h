// Which cgroup hierarchies this host has and where: from mountinfo, never assumed. v1, v2 and
// hybrid.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::runtime::cgroup {

struct V1Mount {
  std::string path;                      // `/sys/fs/cgroup/memory`
  std::vector<std::string> controllers;  // `memory`; `name=systemd` for a named one
  std::string root = "/";                // the cgroup that is seen at `path`
  bool operator==(const V1Mount&) const = default;
};

// The controllers whose groups are made, joined, searched and removed.
enum class ControllerSet {
  limits,     // cpuset, memory and pids: all that a Slurm task needs, and no more groups than that
  container,  // all that linux.resources speaks of, and the freezer
  delegated,  // the same on v2 alone, also where it has no controllers: a user's (delegation.h)
};

struct Hierarchy {
  std::vector<V1Mount> v1;
  std::string v2;                           // mount point of cgroup2, empty for none
  std::vector<std::string> v2_controllers;  // cgroup.controllers at that mount point
  std::string v2_root = "/";                // the cgroup that is seen at `v2`
  ControllerSet controllers = ControllerSet::limits;
  const V1Mount* v1_of(std::string_view controller) const;
  bool v2_has(std::string_view controller) const;
  bool operator==(const Hierarchy&) const = default;
};

// Which of the groups above a new one are there for its sake, and go when it and the others in them
// do: the topmost one of them, by hierarchy.
struct Tops {
  std::string everywhere;                       // `berth`; empty: by_mount has them
  std::map<std::string, std::string> by_mount;  // where it is mounted -> `pods/7`
  bool operator==(const Tops&) const = default;
  // Empty: nothing above it is.
  std::string at(const std::string& mount) const;
};

// `mountinfo` as in proc(5). Pure. Of several mounts of one hierarchy the first that shows all of
// it is taken, else the first. What another mount hides is not seen.
Hierarchy parse_mountinfo(std::string_view mountinfo);
// /proc/self/mountinfo plus v2's cgroup.controllers. Without v1 for ControllerSet::delegated.
Hierarchy detect(ControllerSet set = ControllerSet::limits);
// v2's cgroup.controllers, `cpu memory pids`, as names. Pure.
std::vector<std::string> controllers_of(std::string_view text);

// A line of /proc/PID/cgroup: `cpu,cpuacct` or `name=systemd`, empty for v2; and the cgroup,
// absolute within its hierarchy. Both lie in the text.
struct ProcessCgroup {
  std::string_view controllers, path;
};
std::vector<ProcessCgroup> groups_of_process(std::string_view proc_cgroup);

// The cgroup of a process in the hierarchy with that controller (v1) or in v2 (empty controller),
// as in /proc/PID/cgroup: absolute within the hierarchy.
std::optional<std::string> path_of_process(std::string_view proc_cgroup,
                                           std::string_view controller);

// Where a cgroup that is absolute within its hierarchy lies below a mount that shows `mount_root`:
// relative, empty for the mount point itself; nothing where the mount does not show it.
std::optional<std::string> below_mount(std::string_view mount_root, std::string_view cgroup);

}  // namespace berth::runtime::cgroup
