// A live change of masks: nothing happens until the new owner fills, then only what must.
#include "bench/cache/model/mask_change.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "bench/cache/model/closed_form.h"

namespace berth::cache_model {
namespace {

// Mean over the steps from `first` to before `last`.
double hit_ratio(const MaskChange& change, size_t first, size_t last) {
  double misses = 0;
  for (size_t i = first; i < last; ++i) misses += change.steps.at(i).miss_ratio;
  return 1 - misses / static_cast<double>(last - first);
}

double deepest_dip(const MaskChange& change) {
  double dip = 0;
  for (const TimeStep& step : change.steps) {
    dip = std::max(dip, step.miss_ratio - step.unchanged_miss_ratio);
  }
  return dip;
}

MaskChangeParameters shrink_8_to_2() {
  MaskChangeParameters parameters;
  parameters.fraction = .73;
  parameters.step_passes = .5;
  parameters.steps_before = 8;
  parameters.steps_grace = 8;
  parameters.steps_after = 40;
  set_shrink(parameters, 8, 2);
  return parameters;
}

TEST(Shrink, CostsNothingUntilTheNewOwnerFills) {
  const MaskChange change = occupancy_over_time(shrink_8_to_2());
  const ShrinkHits known = shrink_hits(.73 * 11, 8, 2);
  EXPECT_NEAR(hit_ratio(change, 0, 8), known.until_refilled, 0.01);
  EXPECT_NEAR(hit_ratio(change, 8, 16), known.until_refilled, 0.01);
  for (size_t i = 8; i < 16; ++i) {
    EXPECT_EQ(change.steps[i].masks.victim, rdt::WayMask(0x3));
    EXPECT_EQ(change.steps[i].masks.aggressor, rdt::WayMask(0x700));
    EXPECT_EQ(change.steps[i].victim_occupancy, change.steps[7].victim_occupancy);
  }
  EXPECT_NEAR(hit_ratio(change, 36, 56), known.after, 0.01);
}

TEST(Shrink, HandsTheWaysOver) {
  const MaskChange change = occupancy_over_time(shrink_8_to_2());
  EXPECT_EQ(change.steps.front().aggressor_occupancy, 2048U * 3);
  EXPECT_EQ(change.steps.back().aggressor_occupancy, 2048U * 9);
  EXPECT_LE(change.steps.back().victim_occupancy, 2048U * 2);
  EXPECT_GT(change.steps.back().victim_occupancy, 2048U * 2 - 50);
  for (const TimeStep& step : change.steps) {
    EXPECT_LE(step.victim_occupancy + step.aggressor_occupancy, Geometry{}.lines());
  }
}

MaskChange slide(unsigned by, double fraction, double rate, unsigned grace = 0) {
  MaskChangeParameters parameters;
  parameters.fraction = fraction;
  parameters.aggressor.rate = rate;
  parameters.steps_before = 4;
  parameters.steps_grace = grace;
  set_slide(parameters, 4, by);
  return occupancy_over_time(parameters);
}

// The stream as fast as the victim.
TEST(Slide, ByFewWaysCostsNextToNothing) {
  for (const double fraction : {.18, .36}) {
    EXPECT_LE(slide(1, fraction, 1).extra_misses_per_line, .01);
    EXPECT_LE(slide(2, fraction, 1).extra_misses_per_line, .07);
    EXPECT_LE(deepest_dip(slide(1, fraction, 1)), .01);
    EXPECT_LE(deepest_dip(slide(2, fraction, 1)), .02);
  }
}

TEST(Slide, ToDisjointWaysCostsAPartOfAColdRestart) {
  const MaskChange change = slide(4, .36, 1);
  EXPECT_LE(change.extra_misses_per_line, .23);
  EXPECT_GT(change.extra_misses_per_line, .05);
  EXPECT_LE(deepest_dip(change), .1);
  EXPECT_GT(deepest_dip(change), .05);
}

// A faster stream leaves the victim less time to hit what it left behind.
TEST(Slide, CostsMoreTheFurtherAndTheFasterTheStreamButNoMoreThanAColdRestart) {
  double before = 0;
  for (const double rate : {1., 4., 16.}) {
    const double near = slide(1, .18, rate).extra_misses_per_line;
    const double half = slide(2, .18, rate).extra_misses_per_line;
    const double apart = slide(4, .18, rate).extra_misses_per_line;
    EXPECT_LE(near, half) << rate;
    EXPECT_LT(half, apart) << rate;
    EXPECT_LE(near, 1 / 4.) << rate;  // what it has in the ways that it leaves
    EXPECT_LE(half, 2 / 4.) << rate;
    EXPECT_LT(apart, 1) << rate;
    EXPECT_GT(apart, before) << rate;
    before = apart;
  }
}

TEST(Slide, IsOverOnceTheStreamHasTheWays) {
  for (const unsigned by : {1U, 2U, 4U}) {
    const MaskChange change = slide(by, .36, 4);
    EXPECT_NEAR(hit_ratio(change, 44, 84), uniform_hit(.36 * 11, 4), 0.01);
    // Its old lines stay where the victim's sets have room to spare.
    EXPECT_GE(change.steps.back().aggressor_occupancy, 2048U * 7);
    EXPECT_LE(change.steps.back().victim_occupancy, 2048U * 4);
    EXPECT_GT(change.steps.back().victim_occupancy, uniform_hit(.36 * 11, 4) * change.lines - 100);
    for (size_t i = 64; i < 84; ++i) {
      EXPECT_NEAR(change.steps[i].miss_ratio, change.steps[i].unchanged_miss_ratio, 0.005);
    }
  }
}

TEST(Slide, CostsLessAfterAGracePeriod) {
  const double at_once = slide(4, .18, 1).extra_misses_per_line;
  const double soon = slide(4, .18, 1, 32).extra_misses_per_line;
  const double later = slide(4, .18, 1, 48).extra_misses_per_line;
  EXPECT_LT(soon, at_once);
  EXPECT_LE(soon, .20);
  EXPECT_LE(later, .09);
}

TEST(MaskChange, HasTheMasksOfItsTime) {
  MaskChangeParameters parameters;
  parameters.geometry.sets = 16;
  parameters.step_passes = 2;
  parameters.steps_before = 2;
  parameters.steps_grace = 1;
  parameters.steps_after = 1;
  set_slide(parameters, 4, 2);
  const MaskChange change = occupancy_over_time(parameters);
  const rdt::WayMask from(0x3c), to(0xf), all(0x7ff);
  ASSERT_EQ(change.steps.size(), 4U);
  EXPECT_EQ(change.steps[1].masks, (Masks{from, all.minus(from)}));
  EXPECT_EQ(change.steps[2].masks, (Masks{to, all.minus(from)}));
  EXPECT_EQ(change.steps[3].masks, (Masks{to, all.minus(to)}));
  EXPECT_EQ(change.steps[0].passes, -2);
  EXPECT_EQ(change.steps[1].passes, 0);
  EXPECT_EQ(change.steps[3].passes, 4);
  EXPECT_EQ(change.accesses_per_step, 2U * change.lines);
}

TEST(MaskChange, OfTheSameMasksIsNone) {
  MaskChangeParameters parameters;
  parameters.geometry.sets = 256;
  set_shrink(parameters, 4, 4);
  const MaskChange change = occupancy_over_time(parameters);
  EXPECT_EQ(change.extra_misses_per_line, 0);
  EXPECT_EQ(deepest_dip(change), 0);
}

TEST(MaskChange, LeavesTheAggressorAWay) {
  MaskChangeParameters parameters;
  EXPECT_THROW(set_shrink(parameters, 11, 2), Error);
  EXPECT_THROW(set_slide(parameters, 4, 7), Error);
  EXPECT_NO_THROW(set_slide(parameters, 4, 6));
}

}  // namespace
}  // namespace berth::cache_model
