// One cgroup of ours in every hierarchy that it needs: `berth/job_12/step_0/task_3`. All that is
// below the path's first component is taken to be ours, that component limits nothing itself; of
// what others made, only the hierarchy's root is ever written to (v2: cgroup.subtree_control).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/cgroup/hierarchy.h"
#include "runtime/cgroup/join.h"
#include "runtime/cgroup/late_limits.h"

namespace berth::runtime::cgroup {

// Absent: not touched. Negative: unlimited.
struct Limits {
  std::optional<int64_t> memory_bytes, pids;
  std::optional<std::string> cpus,
      mems;  // list format; mems defaults to the parent's where cpus is given
  bool empty() const { return !memory_bytes && !pids && !cpus && !mems; }
};

class Node {
 public:
  // Makes the group (and its parents) in the hierarchies of its ControllerSet, enables what
  // v2 needs on the way, copies cpuset.cpus and .mems down on v1. `limits` are in force at once.
  // `path` is relative to the hierarchy's root: `berth/job_12`. `if_there` is called where the
  // group was there already, and may throw. Where it fails, what it made is gone.
  static Node create(const Hierarchy& hierarchy, const std::string& path, const Limits& limits,
                     const std::function<void()>& if_there = {});

  const std::string& path() const { return path_; }
  // How a single-threaded process joins it. On v2 it must have no groups below it.
  CgroupJoin join() const;
  // Descriptors of its control files plus the values, to be written last. Throws where a controller
  // that a limit needs is not there, naming it. The caller may change the values to tighter ones:
  // each file is there once, and a memory limit comes with the file that limits its swap (v1: the
  // same value, v2: `0`).
  LateLimits late(const Limits& limits) const;
  // Times the kernel killed a process of this group, or of one below it that still exists, for want
  // of memory. 0 where memory is not controlled.
  uint64_t oom_kills() const;
  // Nothing where the kernel does not say (v2 before 5.19).
  std::optional<uint64_t> peak_memory() const;

 private:
  friend class Making;
  Node(Hierarchy hierarchy, std::string path)
      : hierarchy_(std::move(hierarchy)), path_(std::move(path)) {}
  Hierarchy hierarchy_;
  std::string path_;
};

// As join of a group that is there already; nothing where some hierarchy lacks it.
std::optional<CgroupJoin> join_of(const Hierarchy& hierarchy, const std::string& path);
// Where the hierarchies are mounted in which create makes a group.
std::vector<std::string> mounts_of_groups(const Hierarchy& hierarchy);
// What create will have to make, `path` itself and groups above it: the topmost one of them.
Tops missing_groups(const Hierarchy& hierarchy, const std::string& path);
// The same of those above `path` alone.
Tops missing_parents(const Hierarchy& hierarchy, const std::string& path);
// The groups directly in it, in any hierarchy, each once.
std::vector<std::string> children(const Hierarchy& hierarchy, const std::string& path);
// Processes in the group and below it, in any hierarchy, each once.
std::vector<pid_t> processes(const Hierarchy& hierarchy, const std::string& path);
// Kills every process in it and below: cgroup.kill where the kernel has it, else forks are stopped
// by pids.max and processes signalled until none is left. Throws where some live after 2 s.
void kill_all(const Hierarchy& hierarchy, const std::string& path);
// Removes it and everything below, deepest first; retries EBUSY of exiting tasks for a moment. True
// where it is gone from every hierarchy.
bool remove(const Hierarchy& hierarchy, const std::string& path);
// The same for one where no process should be left, without a wait: false where one is.
bool remove_if_idle(const Hierarchy& hierarchy, const std::string& path);
// Removes it from the hierarchies where nothing is in it or below it; leaves it elsewhere.
void prune(const Hierarchy& hierarchy, const std::string& path);
// The same for the groups above `path`, the lowest first, up to the topmost.
void prune_above(const Hierarchy& hierarchy, const std::string& path, const Tops& tops);

// Late limits in a cgroup that somebody else made (Slurm's task_N): the group of process `pid`,
// found by /proc/PID/cgroup; never creates children there. Throws where a controller is missing or
// another process is in the group: without Slurm's task cgroups it would be slurmd's own.
LateLimits late_limits_of_process(const Hierarchy& hierarchy, pid_t pid, const Limits& limits);

}  // namespace berth::runtime::cgroup
