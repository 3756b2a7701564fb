// What those who wait for a child have in common: signals as a descriptor, and its end. Private to
// this folder.
#pragma once

#include <signal.h>
#include <sys/signalfd.h>

#include <optional>

#include "base/fd.h"
#include "runtime/container/spawn.h"

namespace berth::runtime {

// All signals that can be forwarded, blocked and queued; the mask is put back at the end.
class SignalQueue {
 public:
  SignalQueue();
  ~SignalQueue() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;
  int fd() const { return fd_.get(); }
  std::optional<signalfd_siginfo> next() const;

 private:
  sigset_t before_{};
  UniqueFd fd_;
};

// Reaps it.
siginfo_t wait_for_end(const Child& child);
// As a shell has it: the program's, or 128 + signal.
int exit_status(const siginfo_t& end);
void send_signal(const Child& child, int signal);

}  // namespace berth::runtime
