#include "base/error.h"
#include "base/trace.h"
#include "launcher/log.h"
#include "launcher/verbs/container_of.h"
#include "launcher/verbs/matching.h"

namespace berth::launcher {
namespace {

void remove_one(const RuntimeOptions& runtime, const std::string& id,
                const DeleteOptions& options) {
  if (tracing()) trace("delete container '" + id + "'");
  for (const std::string& warning :
       container_of(runtime, id).remove(options.force, options.remove_cgroups)) {
    log(runtime, Level::warning, warning);
  }
}

}  // namespace

int remove(const RuntimeOptions& runtime, const DeleteOptions& options) {
  if (options.regex) {
    const auto remove_match = [&](const std::string& id) { remove_one(runtime, id, options); };
    return for_each_match(runtime, options.id, remove_match) ? 0 : 1;
  }
  if (options.force) {
    runtime::check_id(options.id);
    const auto root = runtime::StateRoot::open_if_exists(runtime.root);
    if (!root || !root->find_if_exists(options.id)) return 0;
  }
  remove_one(runtime, options.id, options);
  return 0;
}

}  // namespace berth::launcher
