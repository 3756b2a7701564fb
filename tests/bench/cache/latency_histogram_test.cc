#include "bench/cache/latency_histogram.h"

#include <gtest/gtest.h>

namespace berth::cache_bench {
namespace {

TEST(LatencyHistogram, KeepsEachValueToLessThanA64th) {
  for (uint64_t value = 0; value < (uint64_t{1} << 40); value += value / 3 + 1) {
    LatencyHistogram histogram;
    histogram.add(value);
    ASSERT_EQ(histogram.counts().size(), 1U);
    const auto [kept, times] = histogram.counts().front();
    EXPECT_EQ(times, 1U);
    EXPECT_GE(kept, value);
    EXPECT_LE(static_cast<double>(kept - value), static_cast<double>(value) / 64) << value;
  }
}

TEST(LatencyHistogram, CountsAscend) {
  LatencyHistogram histogram;
  for (const uint64_t value : {100000, 5, 300, 5, 64, 63}) histogram.add(value);
  const auto counts = histogram.counts();
  ASSERT_EQ(counts.size(), 5U);
  EXPECT_EQ(counts.front(), (LatencyCount{5, 2}));
  for (size_t i = 1; i < counts.size(); ++i) {
    EXPECT_LT(counts[i - 1].nanoseconds, counts[i].nanoseconds);
  }
  EXPECT_EQ(histogram.total(), 6U);
}

TEST(LatencyHistogram, QuantilesAreOfTheRequestsAndNotOfTheBuckets) {
  const std::vector<LatencyCount> counts{{10, 900}, {20, 90}, {30, 9}, {1000, 1}};
  EXPECT_EQ(quantile_of(counts, 0.5), 10U);
  EXPECT_EQ(quantile_of(counts, 0.9), 10U);
  EXPECT_EQ(quantile_of(counts, 0.91), 20U);
  EXPECT_EQ(quantile_of(counts, 0.99), 20U);
  EXPECT_EQ(quantile_of(counts, 0.999), 30U);
  EXPECT_EQ(quantile_of(counts, 1), 1000U);
  EXPECT_EQ(quantile_of({}, 0.5), 0U);
}

TEST(LatencyHistogram, RunsAreAdded) {
  const std::vector<std::vector<LatencyCount>> runs{{{10, 1}, {20, 2}}, {{20, 3}, {30, 4}}};
  EXPECT_EQ(merged(runs), (std::vector<LatencyCount>{{10, 1}, {20, 5}, {30, 4}}));
}

}  // namespace
}  // namespace berth::cache_bench
