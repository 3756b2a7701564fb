#include "base/trace.h"
#include "launcher/verbs/container_of.h"
#include "launcher/verbs/matching.h"
#include "runtime/process/signal_name.h"

namespace berth::launcher {

int kill(const RuntimeOptions& runtime, const KillOptions& options) {
  const int signal = runtime::process::parse_signal(options.signal);
  const auto kill_one = [&](const std::string& id) {
    if (tracing()) trace("send signal " + std::to_string(signal) + " to container '" + id + "'");
    container_of(runtime, id).kill(signal, options.all);
  };
  if (options.regex) return for_each_match(runtime, options.id, kill_one) ? 0 : 1;
  kill_one(options.id);
  return 0;
}

}  // namespace berth::launcher
