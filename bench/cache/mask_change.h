// What both sides have of the cache, over time, around a change of masks: lines stay until somebody
// who may fills their ways.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bench/cache/experiment.h"

namespace berth::cache_bench {

struct OccupancyPoint {
  double seconds = 0;                      // since the change
  std::optional<uint64_t> victim, others;  // bytes; others: the default group's, the aggressor's
};

struct OccupancySeries {
  unsigned ways_before = 0, ways_after = 0;  // the victim's; the others get the rest
  std::vector<OccupancyPoint> points;
};

// The victim is given most of the ways that there are, one aggressor beside streams in the others,
// and after two seconds three quarters of the victim's ways are handed over. Nothing but the reason
// where occupancy is not counted here, or nothing can be fenced off.
std::variant<OccupancySeries, std::string> watch_change(const Node& node, const Settings& settings);

}  // namespace berth::cache_bench
