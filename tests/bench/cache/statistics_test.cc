#include "bench/cache/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace berth::cache_bench {
namespace {

TEST(Median, OfOddAndEvenCounts) {
  EXPECT_EQ(median_of({}), 0);
  EXPECT_EQ(median_of({7}), 7);
  EXPECT_EQ(median_of({9, 1, 5}), 5);
  EXPECT_EQ(median_of({9, 1, 5, 3}), 4);
}

TEST(Bootstrap, IsTheSameForTheSameFiguresAndAroundTheMedian) {
  const std::vector<double> values{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const Estimate once = estimate(values);
  EXPECT_EQ(once, estimate(values));
  EXPECT_EQ(once.median, 6);
  EXPECT_LT(once.low, 6);
  EXPECT_GT(once.high, 6);
  EXPECT_GE(once.low, 1);
  EXPECT_LE(once.high, 11);
}

TEST(Bootstrap, OfEqualFiguresHasNoWidth) {
  const std::vector<double> values(10, 3.5);
  EXPECT_EQ(estimate(values), (Estimate{3.5, 3.5, 3.5}));
}

// What an interval of 95% promises, on a distribution whose median is known.
TEST(Bootstrap, HoldsTheTrueMedianAboutAsOftenAsItSays) {
  std::mt19937_64 chance(1);
  std::exponential_distribution<double> times(1);
  const double truth = std::log(2.0);
  int held = 0;
  constexpr int kTrials = 200;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> values(25);
    for (double& value : values) value = times(chance);
    const Estimate estimated = estimate(values);
    if (estimated.low <= truth && truth <= estimated.high) ++held;
  }
  EXPECT_GT(held, kTrials * 88 / 100);
  EXPECT_LT(held, kTrials);
}

// The machine got slower from block to block: only pairs see that the second is twice the first.
TEST(Ratio, IsBlockByBlock) {
  const std::vector<double> base{1, 2, 4, 8, 16}, doubled{2, 4, 8, 16, 32};
  EXPECT_EQ(ratio(doubled, base), (Estimate{2, 2, 2}));
}

TEST(Efficacy, IsTheShareOfTheInterferenceThatIsGone) {
  const std::vector<double> alone(10, 1.0), shared(10, 3.0), half(10, 2.0), worse(10, 4.0);
  EXPECT_EQ(efficacy(shared, alone, alone).median, 1);
  EXPECT_EQ(efficacy(shared, half, alone).median, 0.5);
  EXPECT_EQ(efficacy(shared, shared, alone).median, 0);
  EXPECT_EQ(efficacy(shared, worse, alone).median, -0.5);
  EXPECT_EQ(efficacy(alone, alone, alone).median, 0);  // nothing to be gone
}

}  // namespace
}  // namespace berth::cache_bench
