#include <algorithm>
#include <cerrno>

#include "tests/support/resctrl/control.h"
#include "tests/support/resctrl/group_files.h"
#include "tests/support/resctrl/kernel_text.h"

namespace berth::test::resctrl {

std::string mode_text(const Group& group) {
  return group.mode == Mode::exclusive ? "exclusive\n" : "shareable\n";
}

// Pseudo-locking is what this machine's model cannot do, as most cannot.
int write_mode(State& state, Group& group, std::string_view written) {
  if (written.empty() || written.back() != '\n') return EINVAL;
  const std::string_view word = until_nul(written.substr(0, written.size() - 1));
  state.status.clear();
  const auto refuse = [&](const char* line) { return state.status.put(EINVAL, line); };
  if (word == "shareable") {
    group.mode = Mode::shareable;
    return 0;
  }
  if (word == "exclusive") {
    if (group.mode == Mode::exclusive) return 0;
    const int error = check_exclusive(state, group);
    if (error == 0) group.mode = Mode::exclusive;
    return error;
  }
  if (word == "pseudo-locksetup") {
    if (&group == state.root.get()) return refuse("Cannot pseudo-lock default group");
    if (state.options.cdp || state.options.cdpl2) return refuse("CDP enabled");
    return refuse("Pseudo-locking not supported");
  }
  return refuse("Unknown or unsupported mode");
}

int write_bandwidth_event(State& state, Group& group, std::string_view written) {
  if (written.empty() || written.back() != '\n') return EINVAL;
  const std::string word(until_nul(written.substr(0, written.size() - 1)));
  state.status.clear();
  const auto& events = state.processor.monitor->events;
  const bool bandwidth = word == "mbm_local_bytes" || word == "mbm_total_bytes";
  if (!bandwidth || std::ranges::count(events, word) == 0) {
    return state.status.put(EINVAL, "Unsupported event id '" + word + "'");
  }
  group.bandwidth_event = word;
  return 0;
}

}  // namespace berth::test::resctrl
