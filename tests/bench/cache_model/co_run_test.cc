// The turns of a victim and its co-runners.
#include "bench/cache/model/co_run.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace berth::cache_model {
namespace {

constexpr Geometry geometry{64, 8, SetIndex::modulo};  // 512 lines

Aggressor stream_at(double rate) {
  return {AggressorKind::read_stream, rate};
}

TEST(CoRun, HasTouchedEachLineOnce) {
  for (const VictimKind victim : {VictimKind::chase, VictimKind::random}) {
    CoRun run(geometry, 1, victim, 200, {});
    EXPECT_EQ(run.victim_occupancy(), 0U);
    run.touch_all();
    EXPECT_EQ(run.victim_occupancy(), 200U);
    EXPECT_EQ(run.run(1000), 0U);
  }
}

TEST(CoRun, TouchesWithinTheVictimsMask) {
  CoRun run(geometry, 1, VictimKind::random, 512, {stream_at(1)});
  run.set_masks(rdt::WayMask(0x3), rdt::WayMask(0xfc));
  run.touch_all();
  EXPECT_EQ(run.victim_occupancy(), 128U);
  EXPECT_EQ(run.aggressors_occupancy(), 0U);
}

// What a stream has filled are its accesses, as long as nothing is evicted.
TEST(CoRun, KeepsTheRates) {
  for (const double rate : {0., .25, .5, 1., 1.5, 3.}) {
    CoRun run(geometry, 1, VictimKind::chase, 1, {stream_at(rate)});
    run.run(40);
    run.run(60);
    EXPECT_EQ(run.aggressors_occupancy(), static_cast<uint64_t>(100 * rate)) << rate;
  }
  CoRun two(geometry, 1, VictimKind::chase, 1, {stream_at(.5), stream_at(2)});
  two.run(100);
  EXPECT_EQ(two.aggressors_occupancy(), 250U);
}

TEST(CoRun, DrawsFromItsSeed) {
  const auto misses = [](uint64_t seed) {
    CoRun run(geometry, seed, VictimKind::random, 1000,
              {{AggressorKind::random_read, 2, 4}, stream_at(1)});
    return run.run(5000);
  };
  EXPECT_EQ(misses(1), misses(1));
  EXPECT_NE(misses(1), misses(2));
}

TEST(Lines, OfAFraction) {
  EXPECT_EQ(lines_of(.5, {}), 11264U);
  EXPECT_EQ(lines_of(0, {}), 1U);
  EXPECT_THROW(lines_of(1e6, {}), Error);
}

}  // namespace
}  // namespace berth::cache_model
