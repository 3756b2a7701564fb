#include "base/trace.h"
#include "launcher/verbs/container_of.h"
#include "launcher/verbs/runtime_verbs.h"

namespace berth::launcher {

int start(const RuntimeOptions& runtime, const std::string& id) {
  if (tracing()) trace("start container '" + id + "'");
  runtime::Container container = container_of(runtime, id);
  container.start();
  if (tracing()) trace("container '" + id + "' runs");
  container.await_ready();
  return 0;
}

}  // namespace berth::launcher
