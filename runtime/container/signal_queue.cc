#include "runtime/container/signal_queue.h"

#include <unistd.h>

#include "base/error.h"

namespace berth::runtime {

SignalQueue::SignalQueue() {
  sigset_t set;
  ::sigfillset(&set);
  // A fault of this process itself must end it, not wait in a queue.
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS}) {
    ::sigdelset(&set, fault);
  }
  ::sigprocmask(SIG_BLOCK, &set, &before_);
  fd_.reset(check(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd"));
}

std::optional<signalfd_siginfo> SignalQueue::next() const {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  return info;
}

}  // namespace berth::runtime
