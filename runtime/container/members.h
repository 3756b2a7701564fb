// The processes of a container that has no cgroup to ask: those in the namespaces that were made
// for it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "base/fd.h"
#include "runtime/state/state.h"

namespace berth::runtime {

// It holds the namespaces: while it lives, their numbers are nobody else's.
class Members {
 public:
  // By its first process, or, where that is gone, by one of the session that it led: while there is
  // one, its number is not given to another process. Nothing where neither is there, or where the
  // container has its own user and mount namespaces from others.
  static std::optional<Members> of(const Record& record);

  // Now. Those that this process may not look at are none of them.
  std::vector<pid_t> find() const;
  // Sends it to those of `pids` that are members still.
  void signal(const std::vector<pid_t>& pids, int number) const;
  // SIGKILL until none is left. Throws where some live after 2 s.
  void kill() const;

 private:
  Members() = default;
  bool has(pid_t pid) const;
  UniqueFd user_, mounts_;  // those that are the container's own
};

}  // namespace berth::runtime
