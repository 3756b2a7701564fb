// The cache over time around a change of masks: occupancies and misses, step by step.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/cache/model/co_run.h"

namespace berth::cache_model {

struct Masks {
  rdt::WayMask victim;
  rdt::WayMask aggressor;
  bool operator==(const Masks&) const = default;
};

struct MaskChangeParameters {
  Geometry geometry;
  uint64_t seed = 1;
  Sampling sampling;  // only the warm-up, below the masks before
  VictimKind victim = VictimKind::random;
  double fraction = 0.18;  // its working set, of the whole cache
  Aggressor aggressor;
  Masks before;
  Masks after;
  double step_passes = 0.25;  // a step, in passes of the victim over its working set
  unsigned steps_before = 8;
  unsigned steps_grace = 0;  // steps from the victim's change to the aggressor's
  unsigned steps_after = 80;
};

// The victim's ways go from the lowest `from` to the lowest `to`; the aggressor has all others.
void set_shrink(MaskChangeParameters& parameters, unsigned from, unsigned to);
// The victim's `ways` ways slide `by` ways down, as compaction moves them, to the lowest ones; the
// aggressor has all others. Throws Error (EINVAL) where the cache has not as many and one to spare.
void set_slide(MaskChangeParameters& parameters, unsigned ways, unsigned by);

struct TimeStep {
  double passes = 0;      // since the victim's change to the end of the step; up to 0 before it
  Masks masks;            // during the step
  double miss_ratio = 0;  // the victim's, of the step
  // The same accesses in a cache whose masks were not changed.
  double unchanged_miss_ratio = 0;
  // Lines at the end of the step.
  uint64_t victim_occupancy = 0;
  uint64_t aggressor_occupancy = 0;
};

struct MaskChange {
  MaskChangeParameters parameters;
  uint32_t lines = 0;                           // the victim's working set
  uint64_t warm_up = 0, accesses_per_step = 0;  // accesses of the victim
  std::vector<TimeStep> steps;
  // How far the victim was ever behind: from its change on, the most misses beyond those of the
  // same accesses with the masks of before, for each line of its working set. 0 where it never was;
  // a restart with a cold cache would make it about 1. What the lines in the ways it left still hit
  // counts for it, so a grace period makes it smaller. The cost of the change alone only where the
  // victim has as many ways after as before.
  double extra_misses_per_line = 0;
};

MaskChange occupancy_over_time(const MaskChangeParameters& parameters);

}  // namespace berth::cache_model
