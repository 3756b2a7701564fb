// How a child gets into its cgroup before it does anything else.
#pragma once

#include <sys/types.h>

#include <vector>

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
// The same for another one, which waits.
void join_other(const CgroupJoin& join, pid_t pid);

}  // namespace berth::runtime
