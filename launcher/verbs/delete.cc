#include "base/error.h"
#include "launcher/log.h"
#include "launcher/verbs/container_of.h"
#include "launcher/verbs/runtime_verbs.h"

namespace berth::launcher {

int remove(const RuntimeOptions& runtime, const DeleteOptions& options) {
  if (options.force) {
    runtime::check_id(options.id);
    const auto root = runtime::StateRoot::open_if_exists(runtime.root);
    if (!root || !root->find_if_exists(options.id)) return 0;
  }
  for (const std::string& warning : container_of(runtime, options.id).remove(options.force)) {
    log(runtime, Level::warning, warning);
  }
  return 0;
}

}  // namespace berth::launcher
