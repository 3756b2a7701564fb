// How a child gets into its cgroup before it does anything else.
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/error.h"
#include "base/fd.h"

namespace berth::runtime {

// v2: clone3(CLONE_INTO_CGROUP) where we make the process, else a write to cgroup.procs. v1: the
// single-threaded child writes 0 to each hierarchy's `tasks`: a move of oneself takes no RCU grace
// period (10 ms when cold), a move by another process does. The kernel asks for the rights of who
// opened the files, so root opens and the user's process writes.
struct CgroupJoin {
  UniqueFd v2_dir;
  UniqueFd v2_procs;  // cgroup.procs of v2_dir, for a process that somebody else made
  std::vector<UniqueFd> v1_tasks;
  // Another group of v2's, for where the first one takes no process: groups below it have
  // controllers, or it is gone.
  UniqueFd v2_other_dir, v2_other_procs;
  bool empty() const { return !v2_dir && !v2_procs && v1_tasks.empty(); }
};

// The CPUs that this process has now, for after a move to another group: the kernel widens them to
// the whole of the new cpuset.
class KeptAffinity {
 public:
  KeptAffinity();
  // Takes them again, as far as the cpuset allows.
  void restore() const;

 private:
  std::vector<unsigned long> mask_;
};

// Moves this process, which must be single-threaded, into the groups. Its affinity is kept.
void join_self(const CgroupJoin& join);
// The same, for who chooses its CPUs afterwards.
void join_self_on_any_cpu(const CgroupJoin& join);
// Whether a join of v2's first group that failed with this errno is to be one of the other.
bool takes_no_process(int code);
// A join's error, in the words that callers know from runc: `adding pid of the new process to
// cgroups: device or resource busy (groups below it have controllers)`.
Error join_error(const Error& error);
// The same for another one, which waits.
void join_other(const CgroupJoin& join, pid_t pid);

}  // namespace berth::runtime
