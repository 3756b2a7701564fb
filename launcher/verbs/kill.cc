#include "launcher/verbs/container_of.h"
#include "launcher/verbs/runtime_verbs.h"
#include "runtime/process/signal_name.h"

namespace berth::launcher {

int kill(const RuntimeOptions& runtime, const KillOptions& options) {
  const int signal = runtime::process::parse_signal(options.signal);
  container_of(runtime, options.id).kill(signal, options.all);
  return 0;
}

}  // namespace berth::launcher
