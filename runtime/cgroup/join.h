// How a child gets into its cgroup before it does anything else.
#pragma once

#include <vector>

#include "base/fd.h"

namespace berth::runtime {

// v2: clone3(CLONE_INTO_CGROUP). v1: the single-threaded child writes 0 to each hierarchy's
// `tasks`: a move of oneself takes no RCU grace period (10 ms when cold), a move by another process
// does.
struct CgroupJoin {
  UniqueFd v2_dir;
  std::vector<UniqueFd> v1_tasks;
  bool empty() const { return !v2_dir && v1_tasks.empty(); }
};

}  // namespace berth::runtime
