// The latency of a chase over its working set, for numbers of ways: where it rises is how much of
// the cache the victim has.
#pragma once

#include <optional>
#include <vector>

#include "bench/cache/experiment.h"

namespace berth::cache_bench {

struct CurvePoint {
  unsigned ways = 0;  // 0: the whole cache, nothing fenced off
  uint64_t bytes = 0;
  std::vector<double> nanoseconds;  // of each repetition
};

struct CurveSettings {
  std::vector<uint64_t> sizes;  // bytes
  std::vector<unsigned>
      ways;  // beside the whole cache; passed over where nothing can be fenced off
  unsigned repetitions = 10;
  std::chrono::milliseconds warm_up{50}, run{100};
  uint64_t seed = 1;
};

// From an eighth of the L2 to twice the L3, two sizes for each doubling; 1, 2, 4 ... ways.
CurveSettings curve_for(const Site& site, unsigned repetitions, uint64_t seed);

// Block by block in an order by lot, as the cells of an experiment.
std::vector<CurvePoint> measure_curve(const Node& node, const CurveSettings& settings,
                                      const Tell& tell);

// What the curve of the whole cache says: what a load costs where the cache has the line and where
// it has not, and how much of the cache there is. A machine may tell of more than it lets a guest
// have.
struct WholeCache {
  double hit = 0,
         miss = 0;     // ns: half-way (on a logarithmic scale) between L2 and `bytes`; the last
  uint64_t bytes = 0;  // where the latency is half-way between the two
};
// Nothing where the curve does not rise by half beyond the L2.
std::optional<WholeCache> whole_cache(const std::vector<CurvePoint>& curve, const Site& site);

}  // namespace berth::cache_bench
