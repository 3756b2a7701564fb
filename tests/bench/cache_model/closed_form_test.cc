// The formulas against figures worked out elsewhere, against each other, and where the answer is
// plain.
#include "bench/cache/model/closed_form.h"

#include <gtest/gtest.h>

#include <cmath>

namespace berth::cache_model {
namespace {

constexpr unsigned ways = 11;

TEST(PoissonAtMost, IsTheDistribution) {
  EXPECT_NEAR(poisson_at_most(2, 0), std::exp(-2), 1e-12);
  EXPECT_NEAR(poisson_at_most(2, 1), 3 * std::exp(-2), 1e-12);
  EXPECT_NEAR(poisson_at_most(2, 50), 1, 1e-12);
  EXPECT_EQ(poisson_at_most(0, 0), 1);
  EXPECT_NEAR(poisson_at_most(2000, 10), 0, 1e-12);
}

TEST(UniformHit, IsThatOfTheTable) {
  const struct {
    double fraction;
    unsigned ways;
    double hit;
  } cells[] = {{.18, 2, .733}, {.18, 4, .963}, {.36, 4, .808}, {.36, 6, .953},
               {.73, 4, .491}, {.73, 6, .704}, {.73, 8, .859}};
  for (const auto& cell : cells) {
    EXPECT_NEAR(uniform_hit(cell.fraction * ways, cell.ways), cell.hit, 0.001)
        << cell.fraction << " " << cell.ways;
  }
}

TEST(UniformHit, GoesFromNothingToAll) {
  EXPECT_EQ(uniform_hit(2, 0), 0);
  EXPECT_NEAR(uniform_hit(2, 64), 1, 1e-9);
}

TEST(CheUniformHit, IsThatOfTheTable) {
  const struct {
    double fraction, ratio, hit;
  } cells[] = {{.18, 1, .990}, {.18, 4, .703}, {.18, 16, .281},
               {.36, 1, .854}, {.36, 4, .442}, {.36, 16, .151}};
  for (const auto& cell : cells) {
    EXPECT_NEAR(che_uniform_hit(cell.fraction, cell.ratio), cell.hit, 0.001)
        << cell.fraction << " " << cell.ratio;
  }
}

TEST(CheUniformHit, WithoutAStreamIsWhatFits) {
  EXPECT_EQ(che_uniform_hit(.5, 0), 1);
  EXPECT_EQ(che_uniform_hit(4, 0), .25);
  EXPECT_NEAR(che_uniform_hit(4, 1e-6), .25, 1e-5);
}

TEST(UniformHitBesideStream, WithoutAStreamIsUniformHit) {
  for (const unsigned k : {0U, 1U, 4U, 11U}) {
    for (const double lambda : {.5, 2., 8., 20.}) {
      EXPECT_NEAR(uniform_hit_beside_stream(lambda, k, 0), uniform_hit(lambda, k), 1e-4);
    }
  }
}

TEST(UniformHitBesideStream, NearsCheWithManyWays) {
  for (const double ratio : {1., 4., 16.}) {
    const double che = che_uniform_hit(.36, ratio);
    const double of_11 = uniform_hit_beside_stream(.36 * 11, 11, ratio);
    const double of_600 = uniform_hit_beside_stream(.36 * 600, 600, ratio);
    EXPECT_NEAR(of_600, che, 0.002) << ratio;
    EXPECT_LT(of_11, che) << ratio;
    EXPECT_GT(std::abs(of_11 - che), std::abs(of_600 - che)) << ratio;
  }
}

TEST(ChaseHit, IsAllOrNothingInASet) {
  EXPECT_EQ(chase_hit(2, 0), 0);
  EXPECT_NEAR(chase_hit(2, 2), 3 * std::exp(-2), 1e-12);  // no or one other beside it
  EXPECT_LT(chase_hit(8, 4), uniform_hit(8, 4));
  EXPECT_EQ(chase_hit_beside_stream(2, 11, 0), chase_hit(2, 11));
  EXPECT_EQ(chase_hit_beside_stream(2, 11, 3), chase_hit(8, 11));
}

TEST(ScanHit, IsTheShareOfTheSetsThatAreNotTooFull) {
  EXPECT_EQ(scan_hit(32, 8, 4), 1);
  EXPECT_EQ(scan_hit(40, 8, 4), 0);
  EXPECT_EQ(scan_hit(3, 8, 4), 1);
  EXPECT_EQ(scan_hit(34, 8, 4), 24. / 34);  // two sets with five
  EXPECT_EQ(scan_hit(42, 8, 4), 0);
}

TEST(ShrinkHits, AreThoseOfTheTable) {
  EXPECT_NEAR(shrink_hits(.73 * ways, 8, 2).until_refilled, .859, 0.001);
  EXPECT_NEAR(shrink_hits(.73 * ways, 8, 2).after, .25, 0.01);
  EXPECT_EQ(partition_share(7, 11), 7. / 11);
}

}  // namespace
}  // namespace berth::cache_model
