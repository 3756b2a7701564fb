// What a mask of ways does to a cache and what it does not.
#include "bench/cache/model/way_cache.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

#include "base/error.h"

namespace berth::cache_model {
namespace {

using rdt::WayMask;

constexpr WayMask low(0x3), high(0xc), all(0xf);

// One set of four ways.
WayCache one_set() {
  return WayCache({1, 4, SetIndex::modulo}, 1);
}

TEST(WayCache, HitsWhatItWasFilledWith) {
  WayCache cache = one_set();
  EXPECT_FALSE(cache.access(7, all, 0));
  EXPECT_TRUE(cache.access(7, all, 0));
  EXPECT_FALSE(cache.access(8, all, 0));
}

TEST(WayCache, FillsEmptyWaysFirst) {
  WayCache cache = one_set();
  for (uint64_t line = 0; line < 4; ++line) cache.access(line, all, 0);
  for (uint64_t line = 0; line < 4; ++line) EXPECT_TRUE(cache.access(line, all, 0)) << line;
}

TEST(WayCache, EvictsTheLeastRecentlyUsedAndAHitRefreshes) {
  WayCache cache = one_set();
  for (uint64_t line = 0; line < 4; ++line) cache.access(line, all, 0);
  EXPECT_TRUE(cache.access(0, all, 0));
  EXPECT_FALSE(cache.access(4, all, 0));  // for 1
  for (const uint64_t line : {0U, 2U, 3U, 4U}) EXPECT_TRUE(cache.access(line, all, 0)) << line;
  EXPECT_FALSE(cache.access(1, all, 0));  // for 0
  EXPECT_FALSE(cache.access(0, all, 0));
}

TEST(WayCache, EvictsInTheMaskOnlyThoughOlderLinesAreElsewhere) {
  WayCache cache = one_set();
  for (const uint64_t line : {0U, 1U}) cache.access(line, low, 0);
  for (const uint64_t line : {2U, 3U}) cache.access(line, high, 0);
  EXPECT_TRUE(cache.access(2, high, 0));
  EXPECT_FALSE(cache.access(4, high, 0));  // for 3, of the mask the least recent
  for (const uint64_t line : {0U, 1U, 2U, 4U}) EXPECT_TRUE(cache.access(line, low, 0)) << line;
  EXPECT_FALSE(cache.access(3, WayMask(), 0));
}

TEST(WayCache, HitsOutsideTheMask) {
  WayCache cache = one_set();
  cache.access(0, low, 0);
  EXPECT_TRUE(cache.access(0, high, 1));
  // And does not move for it: who fills the upper ways does not evict it.
  for (const uint64_t line : {10U, 11U, 12U}) cache.access(line, high, 1);
  EXPECT_TRUE(cache.access(0, low, 0));
}

TEST(WayCache, RefreshesAlsoByAHitOutsideTheMask) {
  WayCache cache = one_set();
  for (const uint64_t line : {0U, 1U}) cache.access(line, low, 0);
  EXPECT_TRUE(cache.access(0, high, 1));
  EXPECT_FALSE(cache.access(2, low, 0));  // for 1
  EXPECT_TRUE(cache.access(0, low, 0));
}

TEST(WayCache, CountsALineForWhoFilledIt) {
  WayCache cache = one_set();
  cache.access(0, low, 0);
  cache.access(1, low, 3);
  EXPECT_TRUE(cache.access(0, all, 3));
  EXPECT_EQ(cache.occupancy(0), 1U);
  EXPECT_EQ(cache.occupancy(3), 1U);
  EXPECT_EQ(cache.occupancy(9), 0U);
  cache.access(2, low, 3);  // for 1, its own
  cache.access(4, low, 3);  // for 0
  EXPECT_EQ(cache.occupancy(0), 0U);
  EXPECT_EQ(cache.occupancy(3), 2U);
}

TEST(WayCache, FillsNothingWithoutWays) {
  WayCache cache = one_set();
  EXPECT_FALSE(cache.access(0, WayMask(), 0));
  EXPECT_FALSE(cache.access(0, WayMask(0xf0), 0));  // ways that it has not
  EXPECT_FALSE(cache.access(0, all, 0));
  EXPECT_EQ(cache.occupancy(0), 1U);
  EXPECT_TRUE(cache.access(0, WayMask(), 0));
}

TEST(WayCache, HasUpTo64Ways) {
  WayCache cache({1, 64, SetIndex::modulo}, 1);
  for (uint64_t line = 0; line < 64; ++line) cache.access(line, WayMask(~uint64_t{0}), 0);
  EXPECT_EQ(cache.occupancy(0), 64U);
  EXPECT_FALSE(cache.access(64, WayMask(uint64_t{1} << 63U), 1));
  EXPECT_FALSE(cache.access(63, WayMask(), 0));
  EXPECT_TRUE(cache.access(62, WayMask(), 0));
}

TEST(WayCache, RefusesWhatIsNoCache) {
  for (const Geometry& geometry : {Geometry{0, 4}, Geometry{1, 0}, Geometry{1, 65}}) {
    try {
      const WayCache cache(geometry, 1);
      ADD_FAILURE() << geometry.sets << "x" << geometry.ways;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), EINVAL) << error.what();
    }
  }
}

TEST(SetIndex, ModuloFillsSetsInTurn) {
  const WayCache cache({8, 4, SetIndex::modulo}, 1);
  for (uint64_t line = 0; line < 32; ++line) EXPECT_EQ(cache.set_of(line), line % 8);
}

// Variance over mean of the lines in a set: 1 if each line falls anywhere alike.
double dispersion(const WayCache& cache, uint64_t stride) {
  const Geometry& geometry = cache.geometry();
  std::vector<double> lines(geometry.sets, 0);
  for (uint64_t i = 0; i < geometry.lines(); ++i) lines[cache.set_of(i * stride)] += 1;
  double sum = 0;
  for (const double n : lines) sum += (n - geometry.ways) * (n - geometry.ways);
  return sum / geometry.ways / geometry.sets;
}

TEST(SetIndex, HashedSpreadsAnyStrideAsChanceDoes) {
  for (const uint64_t seed : {1U, 2U}) {
    const WayCache cache({}, seed);
    // Its standard deviation over 2048 sets is sqrt(2/2048) = 0.031.
    for (const uint64_t stride : {1U, 64U, 2048U}) {
      EXPECT_NEAR(dispersion(cache, stride), 1, 0.1) << "stride " << stride;
    }
  }
}

TEST(SetIndex, HashedDependsOnTheSeed) {
  const WayCache cache({}, 1);
  const WayCache same({}, 1);
  const WayCache other({}, 2);
  unsigned alike = 0;
  for (uint64_t line = 0; line < 1000; ++line) {
    EXPECT_EQ(cache.set_of(line), same.set_of(line));
    alike += cache.set_of(line) == other.set_of(line) ? 1U : 0U;
  }
  EXPECT_LT(alike, 10U);
}

}  // namespace
}  // namespace berth::cache_model
