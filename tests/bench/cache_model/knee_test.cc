// A victim alone in its ways, against the closed forms.
#include "bench/cache/model/knee.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "bench/cache/model/closed_form.h"
#include "bench/cache/model/streams.h"

namespace berth::cache_model {
namespace {

double hit_ratio(VictimKind victim, double fraction, unsigned ways) {
  // Over some caches: which lines meet in a set is drawn once for each.
  constexpr unsigned seeds = 4;
  double sum = 0;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    KneeParameters parameters;
    parameters.seed = seed;
    parameters.victims = {victim};
    parameters.ways = {ways};
    parameters.fractions = {fraction};
    sum += 1 - knee(parameters).points.at(0).miss_ratio;
  }
  return sum / seeds;
}

struct Cell {
  double fraction;
  unsigned ways;
};
constexpr Cell table[] = {{.18, 2}, {.18, 4}, {.36, 4}, {.36, 6}, {.73, 4}, {.73, 6}, {.73, 8}};

TEST(Knee, ARandomVictimHitsAsItsFormulaSays) {
  for (const Cell& cell : table) {
    EXPECT_NEAR(hit_ratio(VictimKind::random, cell.fraction, cell.ways),
                uniform_hit(cell.fraction * 11, cell.ways), 0.01)
        << cell.fraction << " in " << cell.ways;
  }
}

TEST(Knee, AChaseHitsAsItsFormulaSays) {
  for (const Cell& cell : table) {
    EXPECT_NEAR(hit_ratio(VictimKind::chase, cell.fraction, cell.ways),
                chase_hit(cell.fraction * 11, cell.ways), 0.015)
        << cell.fraction << " in " << cell.ways;
  }
}

TEST(Knee, MovesWithTheWays) {
  KneeParameters parameters;
  parameters.geometry.sets = 512;
  parameters.ways = {2, 4, 8, 11};
  for (int i = 1; i <= 12; ++i) parameters.fractions.push_back(i / 10.);
  const Knee result = knee(parameters);
  ASSERT_EQ(result.points.size(), 2U * 4 * 12);
  for (const VictimKind victim : parameters.victims) {
    double before = 0;
    for (const unsigned ways : parameters.ways) {
      // The first working set of which less than half hits.
      const auto at = std::ranges::find_if(result.points, [&](const KneePoint& point) {
        return point.victim == victim && point.ways == ways && point.miss_ratio > .5;
      });
      if (victim == VictimKind::random && ways >= 8) continue;  // beyond the largest
      ASSERT_NE(at, result.points.end());
      EXPECT_GT(at->fraction, before);
      before = at->fraction;
    }
  }
}

TEST(Knee, OfModuloIndexedSetsIsACliff) {
  KneeParameters parameters;
  parameters.geometry = {256, 8, SetIndex::modulo};
  parameters.victims = {VictimKind::chase};
  parameters.ways = {4};
  parameters.fractions = {3 / 8., 4 / 8., 5 / 8.};
  const Knee result = knee(parameters);
  EXPECT_EQ(result.points[0].miss_ratio, 0);
  EXPECT_EQ(result.points[1].miss_ratio, 0);
  EXPECT_EQ(result.points[2].miss_ratio, 1);
}

// The share that hits of a scan in steady state.
double scan(uint32_t lines, const Geometry& geometry, unsigned ways) {
  WayCache cache(geometry, 1);
  CyclicScan lines_in_turn(0, lines);
  const rdt::WayMask mask = rdt::WayMask::run(1, ways);
  for (uint32_t i = 0; i < 2 * lines; ++i) cache.access(lines_in_turn.next(), mask, 0);
  double hits = 0;
  for (uint32_t i = 0; i < lines; ++i) hits += cache.access(lines_in_turn.next(), mask, 0) ? 1 : 0;
  return hits / lines;
}

TEST(Scan, HitsAlwaysOrNever) {
  const Geometry geometry{2048, 11, SetIndex::modulo};
  for (const uint32_t per_set : {1U, 3U, 4U}) EXPECT_EQ(scan(per_set * 2048, geometry, 4), 1);
  for (const uint32_t per_set : {5U, 11U}) EXPECT_EQ(scan(per_set * 2048, geometry, 4), 0);
  for (const uint32_t lines : {4U * 2048 + 100, 5U * 2048 + 100}) {
    EXPECT_EQ(scan(lines, geometry, 4), scan_hit(lines, 2048, 4));
  }
}

TEST(Knee, CountsNoFirstTouch) {
  KneeParameters parameters;
  parameters.sampling = {0, 1};
  parameters.ways = {11};
  parameters.fractions = {.1};
  for (const KneePoint& point : knee(parameters).points) EXPECT_EQ(point.miss_ratio, 0);
}

TEST(Knee, KeepsWhatMadeIt) {
  KneeParameters parameters;
  parameters.geometry.sets = 64;
  parameters.seed = 42;
  parameters.sampling = {1, 2.5};
  parameters.victims = {VictimKind::random};
  parameters.ways = {3};
  parameters.fractions = {.3, 2};
  const Knee result = knee(parameters);
  EXPECT_EQ(result.parameters.geometry, parameters.geometry);
  EXPECT_EQ(result.parameters.seed, 42U);
  ASSERT_EQ(result.points.size(), 2U);
  // 704 lines: of 211 four whole passes, and nine for 1760 accesses.
  EXPECT_EQ(result.points[0].lines, 211U);
  EXPECT_EQ(result.points[0].accesses.warm_up, 4U * 211);
  EXPECT_EQ(result.points[0].accesses.counted, 9U * 211);
  // A working set beyond the cache is the unit itself.
  EXPECT_EQ(result.points[1].lines, 1408U);
  EXPECT_EQ(result.points[1].accesses.warm_up, 1408U);
  EXPECT_EQ(result.points[1].accesses.counted, 3U * 1408);
  EXPECT_EQ(knee(parameters).points[0].miss_ratio, result.points[0].miss_ratio);
}

}  // namespace
}  // namespace berth::cache_model
