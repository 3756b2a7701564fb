#include "launcher/verbs/container_of.h"
#include "launcher/verbs/runtime_verbs.h"

namespace berth::launcher {

int start(const RuntimeOptions& runtime, const std::string& id) {
  container_of(runtime, id).start();
  return 0;
}

}  // namespace berth::launcher
