#include "runtime/spec/areas.h"

namespace berth::runtime::spec {

std::vector<TimeOffset> parse_time_offsets(const Node& node) {
  std::vector<TimeOffset> offsets;
  for (const Node& clock : node.properties()) {
    if (clock.key() != "monotonic" && clock.key() != "boottime") {
      clock.fail("is not one of the clocks monotonic, boottime");
    }
    offsets.push_back(
        {.clock = std::string(clock.key()),
         .seconds = clock.integer_if<int64_t>("secs").value_or(0),
         .nanoseconds = clock.integer_if<uint32_t>("nanosecs", 0, 999'999'999).value_or(0)});
  }
  return offsets;
}

}  // namespace berth::runtime::spec
