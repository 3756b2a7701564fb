// `exec`: one more process in a container that runs. It gets there as the first one did (start.h),
// but joins where that one made.
#pragma once

#include <signal.h>

#include <optional>
#include <string>
#include <vector>

#include "runtime/container/spawn.h"
#include "runtime/state/state.h"

namespace berth::runtime {

struct ExecRequest {
  spec::Spec spec;  // the container's configuration; its process is what is run
  FdPolicy fds;
  UniqueFd console;      // where the process has a terminal: what its master is sent to
  bool relayed = false;  // Entry::relayed
  bool detached = false;
  std::optional<sigset_t> signal_mask;  // the program's; absent: this process's
  bool ignore_paused = false;
  // Groups below the container's own: `PATH`, or `CONTROLLER[,CONTROLLER]:PATH` for some alone.
  std::vector<std::string> cgroups;
};

// To be called before anything else is done for it: a user's process may get into its group by
// systemd alone, and what asks that is a shared library.
void be_ready_for_exec(const StateFolder& folder);

// Throws EnterFailure or Error where the process did not get as far as execve.
Child exec(const StateFolder& folder, ExecRequest request);

}  // namespace berth::runtime
