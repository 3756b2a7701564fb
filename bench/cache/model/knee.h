// Miss ratio of a victim alone over its working set, for numbers of ways: where the knee is tells
// how many ways it has.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/cache/model/co_run.h"

namespace berth::cache_model {

struct KneeParameters {
  Geometry geometry;
  uint64_t seed = 1;
  Sampling sampling;
  std::vector<VictimKind> victims = {VictimKind::chase, VictimKind::random};
  std::vector<unsigned> ways;     // each at most the geometry's
  std::vector<double> fractions;  // working sets, of the whole cache; may be above 1
};

struct KneePoint {
  VictimKind victim = VictimKind::chase;
  unsigned ways = 0;
  double fraction = 0;
  uint32_t lines = 0;  // the working set
  Accesses accesses;
  double miss_ratio = 0;  // in steady state
};

struct Knee {
  KneeParameters parameters;
  std::vector<KneePoint> points;  // by victim, ways, fraction, in the parameters' order
};

Knee knee(const KneeParameters& parameters);

}  // namespace berth::cache_model
