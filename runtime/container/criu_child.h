// criu as a child that makes a container's processes: in the container's cgroup and resctrl group,
// which they have from it, and in a mount namespace of its own, where the root file system is a
// mount. Private to this folder.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "runtime/cgroup/join.h"

namespace berth::runtime {

struct CriuRestore {
  std::vector<std::string> words = {};  // the program, looked up in PATH, and its arguments
  // Set: it is a worker and the master of the container's terminal is given here.
  std::function<void(UniqueFd)> terminal = {};
  std::string log = {};
  CgroupJoin cgroup = {};
  std::string rootfs = {}, mount_point = {};
  std::vector<UniqueFd> passed = {};      // descriptors of ours that the words name
  const sigset_t* signal_mask = nullptr;  // null: this process's
  bool all_cpus = false;
  // Given the pid of the first process, before any of them goes on.
  std::function<void(pid_t)> settle = {};
  std::function<void(pid_t)> place = {};  // before it does anything
};

// Waits for its end; the restored processes go on then, and the first of them is this process'
// child. Throws Error with what criu says.
void run_restore(CriuRestore restore);

}  // namespace berth::runtime
