// create, start, and, unless it is detached, the container's end.
#include <optional>

#include "base/step_times.h"
#include "base/trace.h"
#include "launcher/verbs/create_container.h"
#include "launcher/verbs/foreground.h"
#include "launcher/verbs/removed.h"

namespace berth::launcher {
int run(const RuntimeOptions& runtime, const RunOptions& options) {
  CreateOptions wanted = options.create;
  std::optional<runtime::SignalQueue> signals;
  wanted.request.start_at_once = wanted.pidfd_socket.empty();
  if (!wanted.request.detached) wanted.request.signal_mask = signals.emplace().mask_before();
  auto container = create_container(runtime, wanted);
  Removed removed(runtime, container, options.remove_cgroups);
  if (tracing()) trace("start container '" + wanted.request.id + "'");
  if (!container.is_started()) container.start();
  step_done("program executed");
  if (wanted.request.detached) {
    removed.keep();
    container.await_ready();
    return 0;
  }
  const int status = wait_in_foreground(container, *signals);
  step_done("program ended");
  if (options.keep) removed.keep();
  return status;
}

}  // namespace berth::launcher
