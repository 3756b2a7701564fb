#include <cstdio>

#include "base/error.h"
#include "launcher/verbs/container_of.h"
#include "launcher/verbs/runtime_verbs.h"

namespace berth::launcher {

runtime::Container container_of(const RuntimeOptions& runtime, const std::string& id) {
  runtime::check_id(id);
  const auto root = runtime::StateRoot::open_if_exists(runtime.root);
  if (!root) throw Error("container '" + id + "' does not exist");
  return runtime::Container::find(*root, id);
}

int state(const RuntimeOptions& runtime, const std::string& id) {
  const runtime::Container container = container_of(runtime, id);
  std::printf("%s\n", runtime::state_json(container.record(), container.status()).c_str());
  return 0;
}

}  // namespace berth::launcher
