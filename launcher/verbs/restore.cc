// A container from its files, and, unless it is detached, its end.
#include <optional>

#include "launcher/log.h"
#include "launcher/verbs/checkpoint_verbs.h"
#include "launcher/verbs/foreground.h"
#include "launcher/verbs/removed.h"

namespace berth::launcher {

int restore(const RuntimeOptions& runtime, const RestoreVerbOptions& options) {
  runtime::RestoreRequest request = options.request;
  request.criu = runtime.criu;
  request.create.cgroup_manager = runtime.cgroup_manager;
  request.create.rootless = runtime.rootless;
  if (request.options.image_path.empty()) request.options.image_path = kDefaultImagePath;
  std::optional<runtime::SignalQueue> signals;
  if (!request.create.detached) request.create.signal_mask = signals.emplace().mask_before();
  const auto root = runtime::StateRoot::open(runtime.root);
  auto container = runtime::Container::restore(root, request);
  for (const std::string& warning : container.warnings()) log(runtime, Level::warning, warning);
  if (request.create.detached) return 0;
  const Removed removed(runtime, container, /*service_cgroups=*/false);
  return wait_in_foreground(container, *signals);
}

}  // namespace berth::launcher
