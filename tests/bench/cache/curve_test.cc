#include "bench/cache/latency_curve.h"

#include <gtest/gtest.h>

namespace berth::cache_bench {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

Site site_of(uint64_t l2, uint64_t l3) {
  Site site;
  site.l2_bytes = l2;
  site.l3.bytes = l3;
  return site;
}

// 5 ns in the L2, 30 in the L3 up to `capacity`, then 100.
std::vector<CurvePoint> curve(const Site& site, uint64_t capacity) {
  std::vector<CurvePoint> points;
  for (const uint64_t bytes : curve_for(site, 1, 1).sizes) {
    const double time = bytes <= site.l2_bytes ? 5 : bytes <= capacity ? 30 : 100;
    points.push_back({0, bytes, {time, time, 10 * time}});
  }
  return points;
}

TEST(CurveSizes, GoFromWithinTheL2ToTwiceTheL3) {
  const std::vector<uint64_t> sizes = curve_for(site_of(2 * kMiB, 32 * kMiB), 1, 1).sizes;
  EXPECT_LT(sizes.front(), kMiB);
  EXPECT_GT(sizes.back(), 60 * kMiB);
  EXPECT_LT(sizes.back(), 68 * kMiB);
  for (const uint64_t bytes : sizes) EXPECT_EQ(bytes % kLineBytes, 0U);
}

TEST(WholeCache, EndsWhereTheLatencyHasRisenHalfWay) {
  const Site site = site_of(2 * kMiB, 32 * kMiB);
  const auto whole = whole_cache(curve(site, 32 * kMiB), site);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->hit, 30);
  EXPECT_EQ(whole->miss, 100);
  EXPECT_GE(whole->bytes, 32 * kMiB);
  EXPECT_LE(whole->bytes, 46 * kMiB);
}

// What a guest is told of, and what it has.
TEST(WholeCache, MayBeLessThanTheMachineTellsOf) {
  const Site site = site_of(2 * kMiB, 260 * kMiB);
  const auto whole = whole_cache(curve(site, 13 * kMiB), site);
  ASSERT_TRUE(whole);
  EXPECT_GE(whole->bytes, 11 * kMiB);
  EXPECT_LE(whole->bytes, 16 * kMiB);
}

TEST(WholeCache, OfAFlatCurveIsNotKnown) {
  const Site site = site_of(2 * kMiB, 32 * kMiB);
  EXPECT_EQ(whole_cache(curve(site, 1000 * kMiB), site), std::nullopt);
  EXPECT_EQ(whole_cache({}, site), std::nullopt);
}

TEST(WholeCache, PointsWithWaysOfTheirOwnDoNotCount) {
  const Site site = site_of(2 * kMiB, 32 * kMiB);
  std::vector<CurvePoint> points = curve(site, 32 * kMiB);
  const auto before = whole_cache(points, site);
  for (CurvePoint point : curve(site, 4 * kMiB)) {
    point.ways = 2;
    points.push_back(point);
  }
  EXPECT_EQ(whole_cache(points, site)->bytes, before->bytes);
}

}  // namespace
}  // namespace berth::cache_bench
