// Latencies counted without keeping each: buckets of an exponent and six bits, as HdrHistogram has
// them, so that a tail is known to 1/64 whatever its length.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bench/cache/workload.h"

namespace berth::cache_bench {

class LatencyHistogram {
 public:
  void add(uint64_t nanoseconds);
  uint64_t total() const { return total_; }
  // The buckets that have something, ascending, each by the largest value that falls into it.
  std::vector<LatencyCount> counts() const;

 private:
  std::vector<uint64_t> buckets_;
  uint64_t total_ = 0;
};

// Several runs' as one.
std::vector<LatencyCount> merged(std::span<const std::vector<LatencyCount>> runs);

// The latency that a share `quantile` (0 to 1) of the requests did not exceed; 0 of none.
uint64_t quantile_of(std::span<const LatencyCount> counts, double quantile);

}  // namespace berth::cache_bench
