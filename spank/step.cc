#include "spank/step.h"

#include <string_view>

#include "base/error.h"

namespace berth::spank {

Settings parse_settings(int argc, char** argv) {
  Settings settings;
  for (int i = 0; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.starts_with("policy=/")) {
      settings.policy_file = word.substr(7);
      settings.policy_required = true;
    } else if (word.starts_with("launcher=/")) {
      settings.launcher = word.substr(9);
    } else if (word == kTraceTime) {
      settings.trace_time = true;
    } else {
      throw Error("plugstack.conf: '" + std::string(word) +
                  "' is not policy=/FILE, launcher=/FILE or trace_time");
    }
  }
  return settings;
}

Step& the_step() {
  static Step step;
  return step;
}

}  // namespace berth::spank
