// The parent's life while the program runs: signals down, exit status up.
#include "runtime/container/wait.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>
#include <string>

#include "base/error.h"
#include "runtime/container/notify.h"

namespace berth::runtime {
namespace {

// A terminal signals its whole foreground group: the child of the same group has it already.
bool child_has_it(const signalfd_siginfo& signal, const Child& child) {
  return signal.ssi_code > 0 && ::getpgid(child.pid) == ::getpgrp();
}

}  // namespace

siginfo_t wait_for_end(const Child& child) {
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(child.pidfd.get()), &info, WEXITED) != 0) {
    if (errno != EINTR) throw Error("wait for child", std::to_string(child.pid), errno);
  }
  return info;
}

int exit_status(const siginfo_t& end) {
  return end.si_code == CLD_EXITED ? end.si_status : 128 + end.si_status;
}

void send_signal(const Child& child, int signal) {
  // An error is its end meanwhile, which is waited for.
  (void)::syscall(SYS_pidfd_send_signal, child.pidfd.get(), signal, nullptr, 0);
}

int forward_and_wait(const Child& child) {
  return forward_and_wait(child, SignalQueue());
}

int forward_and_wait(const Child& child, const SignalQueue& signals, const NotifySocket* notify) {
  for (bool ended = false; !ended;) {
    pollfd fds[] = {{signals.fd(), POLLIN, 0},
                    {child.pidfd.get(), POLLIN, 0},
                    {notify != nullptr ? notify->fd() : -1, POLLIN, 0}};
    if (::poll(fds, std::size(fds), -1) < 0 && errno != EINTR) throw Error("poll", {}, errno);
    if (notify != nullptr) (void)notify->pass_on();
    while (const auto signal = signals.next()) {
      const auto number = static_cast<int>(signal->ssi_signo);
      if (number != SIGCHLD && !child_has_it(*signal, child)) send_signal(child, number);
    }
    ended = fds[1].revents != 0;
  }
  return exit_status(wait_for_end(child));
}

}  // namespace berth::runtime
