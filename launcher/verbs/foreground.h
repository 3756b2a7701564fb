// Who waits for a container shows its terminal, where it has one and nobody else does.
#pragma once

#include "runtime/container/container.h"
#include "runtime/container/relay.h"
#include "runtime/process/terminal.h"

namespace berth::launcher {

// The program's exit status.
inline int wait_in_foreground(const runtime::Container& container,
                              const runtime::SignalQueue& signals) {
  if (!container.console()) {
    return runtime::forward_and_wait(container.child(), signals, container.notify());
  }
  const UniqueFd master = runtime::process::receive_master(container.console().get());
  return runtime::relay_and_wait(container.child(), master, signals, container.notify());
}

}  // namespace berth::launcher
