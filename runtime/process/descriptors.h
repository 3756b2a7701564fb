// Which descriptors the program inherits: stdio, and those named here with their numbers unchanged
// (PMI_FD, LISTEN_FDS). Everything else is closed at execve.
#pragma once

#include <string>
#include <vector>

namespace berth::runtime {

struct FdPolicy {
  std::vector<int> keep;  // beyond 0, 1, 2

  // What an environment asks for: PMI_FD's number; 3..3+LISTEN_FDS-1 where LISTEN_PID is this
  // process; `preserve` more after them (--preserve-fds). A descriptor that is not open is an Error
  // naming the variable. `open_at_start` is the set of numbers open when the program started: our
  // own never leak.
  static FdPolicy from_environment(const std::vector<std::string>& env,
                                   const std::vector<int>& open_at_start, unsigned preserve = 0);
  // Marks all but 0, 1, 2 and `keep` close-on-exec (close_range(2)), clears it on `keep`.
  void enforce() const;
  // Closes all but 0, 1, 2, `keep` and `also`, at once: for a process that may wait long.
  void close_others(std::vector<int> also) const;
};

// The descriptors of this process now, ascending (from /proc/self/fd).
std::vector<int> open_descriptors();

}  // namespace berth::runtime
