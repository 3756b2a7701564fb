// The parent's life while the program runs: signals down, exit status up.
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/error.h"
#include "runtime/container/spawn.h"

namespace berth::runtime {
namespace {

// Blocks what is forwarded and puts the mask back.
class Caught {
 public:
  Caught() {
    ::sigfillset(&set_);
    // A fault of this process itself must end it, not wait in a queue.
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS}) {
      ::sigdelset(&set_, fault);
    }
    ::sigprocmask(SIG_BLOCK, &set_, &before_);
  }
  ~Caught() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  Caught(const Caught&) = delete;
  Caught& operator=(const Caught&) = delete;

  siginfo_t next() const {
    siginfo_t info{};
    while (::sigwaitinfo(&set_, &info) < 0) {
      if (errno != EINTR) throw Error("wait for signals", {}, errno);
    }
    return info;
  }

 private:
  sigset_t set_{}, before_{};
};

bool ended(const Child& child, siginfo_t& info) {
  info = {};
  const int rc = ::waitid(P_PIDFD, static_cast<id_t>(child.pidfd.get()), &info, WEXITED | WNOHANG);
  if (rc < 0 && errno == EINTR) return false;
  check(rc, "wait for child", std::to_string(child.pid));
  return info.si_pid != 0;
}

// A terminal signals its whole foreground group: the child of the same group has it already.
bool child_has_it(const siginfo_t& signal, const Child& child) {
  return signal.si_code > 0 && ::getpgid(child.pid) == ::getpgrp();
}

}  // namespace

int forward_and_wait(const Child& child) {
  const Caught caught;
  siginfo_t info{};
  // Asked before the first wait too: SIGCHLD may have come before anybody listened.
  while (!ended(child, info)) {
    const siginfo_t signal = caught.next();
    if (signal.si_signo == SIGCHLD || child_has_it(signal, child)) continue;
    ::syscall(SYS_pidfd_send_signal, child.pidfd.get(), signal.si_signo, nullptr, 0);
  }
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

}  // namespace berth::runtime
