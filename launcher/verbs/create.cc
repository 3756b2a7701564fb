#include "launcher/log.h"
#include "launcher/verbs/container_of.h"
#include "launcher/verbs/runtime_verbs.h"

namespace berth::launcher {

int create(const RuntimeOptions& runtime, runtime::CreateRequest request) {
  request.cgroup_manager = runtime.cgroup_manager;
  request.rootless = runtime.rootless;
  const auto root = runtime::StateRoot::open(runtime.root);
  const auto container = runtime::Container::create(root, request);
  for (const std::string& warning : container.warnings()) log(runtime, Level::warning, warning);
  return 0;
}

}  // namespace berth::launcher
