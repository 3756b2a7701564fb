#include "bench/cache/latency_histogram.h"

#include <bit>
#include <cmath>
#include <map>

namespace berth::cache_bench {
namespace {

constexpr unsigned kBits = 6;  // kept of a value below its highest
constexpr uint64_t kSub = uint64_t{1} << kBits;

// Values below 64 have a bucket each; above, 64 buckets for each power of two.
size_t bucket_of(uint64_t value) {
  if (value < kSub) return static_cast<size_t>(value);
  const auto exponent = static_cast<unsigned>(std::bit_width(value)) - 1 - kBits;
  return static_cast<size_t>((exponent + 1) * kSub + ((value >> exponent) & (kSub - 1)));
}

uint64_t largest_in(size_t bucket) {
  if (bucket < kSub) return bucket;
  const size_t exponent = bucket / kSub - 1;
  return ((kSub + bucket % kSub + 1) << exponent) - 1;
}

}  // namespace

void LatencyHistogram::add(uint64_t nanoseconds) {
  const size_t bucket = bucket_of(nanoseconds);
  if (bucket >= buckets_.size()) buckets_.resize(bucket + 1);
  ++buckets_[bucket];
  ++total_;
}

std::vector<LatencyCount> LatencyHistogram::counts() const {
  std::vector<LatencyCount> result;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    if (buckets_[bucket] > 0) result.push_back({largest_in(bucket), buckets_[bucket]});
  }
  return result;
}

std::vector<LatencyCount> merged(std::span<const std::vector<LatencyCount>> runs) {
  std::map<uint64_t, uint64_t> sum;
  for (const auto& run : runs) {
    for (const LatencyCount& count : run) sum[count.nanoseconds] += count.times;
  }
  std::vector<LatencyCount> result;
  for (const auto& [nanoseconds, times] : sum) result.push_back({nanoseconds, times});
  return result;
}

uint64_t quantile_of(std::span<const LatencyCount> counts, double quantile) {
  uint64_t total = 0;
  for (const LatencyCount& count : counts) total += count.times;
  const auto rank = static_cast<uint64_t>(std::ceil(quantile * static_cast<double>(total)));
  uint64_t seen = 0;
  for (const LatencyCount& count : counts) {
    seen += count.times;
    if (seen >= rank && seen > 0) return count.nanoseconds;
  }
  return 0;
}

}  // namespace berth::cache_bench
