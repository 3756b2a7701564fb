// Which descriptors the program inherits: stdio, and those named here with their numbers unchanged
// (PMI_FD, LISTEN_FDS). Everything else is closed at execve.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace berth::runtime {

struct FdPolicy {
  std::vector<int> keep;  // beyond 0, 1, 2

  // What a program's environment asks for: PMI_FD's number; 3..3+LISTEN_FDS-1 where LISTEN_PID is
  // this process. A descriptor that is not open is an Error naming the variable. `open_at_start` is
  // the set of numbers open when the program started, ascending: our own never leak.
  static FdPolicy from_environment(const std::vector<std::string>& env,
                                   const std::vector<int>& open_at_start);
  // What an OCI runtime passes on: the first `sockets` from 3 up, each of which must be open, and
  // those of the next `preserve` numbers (--preserve-fds) that are open.
  static FdPolicy of_runtime(unsigned sockets, unsigned preserve,
                             const std::vector<int>& open_at_start);
  // Marks all but 0, 1, 2 and `keep` close-on-exec (close_range(2)), clears it on `keep`.
  void enforce() const;
  // Closes all but 0, 1, 2, `keep` and `also`, at once: for a process that may wait long.
  void close_others(std::vector<int> also) const;

 private:
  void add(std::string_view variable, int fd, const std::vector<int>& open_at_start);
  void add_sockets(unsigned count, const std::vector<int>& open_at_start);
};

// How many sockets this process was handed, from descriptor 3 up (sd_listen_fds(3)): LISTEN_FDS of
// its environment where LISTEN_PID is its own pid, else 0. Throws Error where either is no number.
unsigned passed_sockets();
// Tells the program of them: LISTEN_FDS, and LISTEN_PID with this process' pid, which a start in a
// child replaces by that child's (Start::take_listen_pid). Nothing where there are none.
void announce_sockets(unsigned sockets, std::vector<std::string>& env);

// The descriptors of this process now, ascending (from /proc/self/fd).
std::vector<int> open_descriptors();

}  // namespace berth::runtime
