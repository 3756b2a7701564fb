// What is said of repetitions: medians, and how far they can be trusted. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace berth::cache_bench {

// A median with its 95% interval.
struct Estimate {
  double median = 0, low = 0, high = 0;
  bool operator==(const Estimate&) const = default;
};

double median_of(std::vector<double> values);  // 0 of none

// The middle 95% of what `statistic` makes of resamples of the repetitions 0 to `count` - 1, taken
// with replacement (Efron's percentile bootstrap); `statistic` is given their indexes, so that what
// belongs to one repetition stays together. The same seed gives the same interval.
Estimate bootstrap(size_t count, const std::function<double(std::span<const size_t>)>& statistic,
                   uint64_t seed = 1, unsigned resamples = 2000);

// The median and its interval.
Estimate estimate(std::span<const double> values);

// The median of values[i] / base[i], which were measured in one block each.
Estimate ratio(std::span<const double> values, std::span<const double> base);

// How much of the interference is gone: (shared - partitioned) / (shared - alone) of the medians of
// slowdowns against the same base; 1: all, 0: none, below 0: it got worse. `alone` at the mask.
Estimate efficacy(std::span<const double> shared, std::span<const double> partitioned,
                  std::span<const double> alone);

}  // namespace berth::cache_bench
