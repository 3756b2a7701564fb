// create, start, and, unless it is detached, the container's end.
#include <optional>

#include "base/trace.h"
#include "launcher/verbs/create_container.h"
#include "launcher/verbs/removed.h"
#include "runtime/container/relay.h"
#include "runtime/process/terminal.h"

namespace berth::launcher {
namespace {

int wait_for(const runtime::Container& container, const runtime::SignalQueue& signals) {
  if (!container.console()) {
    return runtime::forward_and_wait(container.child(), signals, container.notify());
  }
  const UniqueFd master = runtime::process::receive_master(container.console().get());
  return runtime::relay_and_wait(container.child(), master, signals, container.notify());
}

}  // namespace

int run(const RuntimeOptions& runtime, const RunOptions& options) {
  CreateOptions wanted = options.create;
  std::optional<runtime::SignalQueue> signals;
  if (!wanted.request.detached) wanted.request.signal_mask = signals.emplace().mask_before();
  auto container = create_container(runtime, wanted);
  Removed removed(runtime, container, options.remove_cgroups);
  if (tracing()) trace("start container '" + wanted.request.id + "'");
  container.start();
  if (wanted.request.detached) {
    removed.keep();
    container.await_ready();
    return 0;
  }
  const int status = wait_for(container, *signals);
  if (options.keep) removed.keep();
  return status;
}

}  // namespace berth::launcher
