// The signals of who starts a program and waits for it.
#pragma once

#include <signal.h>
#include <sys/signalfd.h>

#include <optional>

#include "base/fd.h"

namespace berth::runtime {

// All signals that can be forwarded, blocked and queued; the mask is put back at the end. Made
// before the program starts, it loses none: one that came between the program's first step and the
// wait would end the waiting process, and leave the program without anybody who knows of it.
class SignalQueue {
 public:
  SignalQueue();
  ~SignalQueue() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;
  // What the program is to have for its own.
  const sigset_t& mask_before() const { return before_; }
  int fd() const { return fd_.get(); }
  std::optional<signalfd_siginfo> next() const;

 private:
  sigset_t before_{};
  UniqueFd fd_;
};

}  // namespace berth::runtime
