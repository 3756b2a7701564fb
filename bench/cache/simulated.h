// The simulated arm: what a way-partitioned LRU cache (bench/cache/model) says of this victim and
// these aggressors. It stands in where nothing can be fenced off, and beside what is measured it
// shows how far the model holds. No figure of it is a measurement.
#pragma once

#include <optional>
#include <vector>

#include "bench/cache/experiment.h"
#include "bench/cache/latency_curve.h"
#include "bench/cache/model/studies.h"

namespace berth::cache_bench {

struct SimulatedPoint {  // of the latency curve
  unsigned ways = 0;
  uint64_t bytes = 0;
  double miss_ratio = 0, nanoseconds = 0;
};

struct SimulatedSlowdown {
  VictimKind victim = VictimKind::chase;
  Condition condition = Condition::shared;
  AggressorKind aggressor = AggressorKind::read;
  unsigned count = 0;
  double rate = 0;  // accesses of each aggressor for each of the victim's
  double miss_ratio = 0, slowdown = 0;
};

struct Simulated {
  cache_model::Geometry geometry;
  uint64_t seed = 1;
  WholeCache cache;  // measured: what makes time of miss ratios, and its size
  std::vector<SimulatedPoint> curve;
  std::vector<SimulatedSlowdown> slowdowns;
  cache_model::MaskChange change;
};

// Accesses are interleaved as fast as the two sides were measured where they were alone (victim)
// and beside the victim (aggressors); an aggressor that was not measured gets the rate 4.
Simulated simulate(const Site& site, const Settings& settings, const WholeCache& cache,
                   const Experiment& measured);

}  // namespace berth::cache_bench
