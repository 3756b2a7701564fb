#include "tests/support/resctrl/monitoring.h"

#include <cerrno>
#include <limits>

#include "tests/support/resctrl/kernel_text.h"

namespace berth::test::resctrl {

std::string figure_text(const State& state, const Group& group, unsigned domain,
                        std::optional<unsigned> node, const std::string& event) {
  uint64_t sum = 0;
  const auto add = [&](const Group& one) {
    const auto figure = state.figures({one.rmid, one.closid, domain, node, event});
    const unsigned unit = state.processor.monitor->unit;
    if (figure) sum += event == "llc_occupancy" ? *figure / unit * unit : *figure;
    return figure.has_value();
  };
  bool known = add(group);
  for (const auto& child : group.children) known = add(*child) && known;
  return known ? std::to_string(sum) + '\n' : "Unavailable\n";
}

int write_threshold(State& state, std::string_view written) {
  uint64_t bytes = 0;
  const uint64_t most = std::numeric_limits<unsigned>::max();
  if (const int error = read_number(until_nul(written), 0, most, bytes)) return error;
  const Monitor& monitor = *state.processor.monitor;
  if (bytes > monitor.limit) return EINVAL;
  state.threshold = bytes / monitor.unit * monitor.unit;
  return 0;
}

}  // namespace berth::test::resctrl
