// What aggressors take from a victim, with the whole cache for everybody and with a partition for
// each side.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bench/cache/model/co_run.h"

namespace berth::cache_model {

enum class Condition {
  alone,          // no aggressor, all ways
  alone_at_mask,  // no aggressor, the victim's ways
  shared,         // all ways for both sides
  partitioned,    // the victim its ways, the aggressors all the others
};

struct ContentionParameters {
  Geometry geometry;
  uint64_t seed = 1;
  Sampling sampling;
  std::vector<VictimKind> victims = {VictimKind::chase, VictimKind::random};
  double fraction = 0.18;    // the victim's working set, of the whole cache
  unsigned victim_ways = 4;  // its partition, the lowest ways; fewer than the geometry's
  std::vector<AggressorKind> aggressors = {AggressorKind::read_stream, AggressorKind::write_stream,
                                           AggressorKind::non_temporal_write,
                                           AggressorKind::random_read};
  unsigned most_aggressors = 3;
  double rate = 1;         // accesses of each aggressor for each of the victim's
  double random_read = 4;  // lines of each that reads at random, as a multiple of the cache's
};

struct ContentionPoint {
  VictimKind victim = VictimKind::chase;
  Condition condition = Condition::alone;
  std::optional<AggressorKind> aggressor;  // none where it is alone
  unsigned aggressors = 0;
  rdt::WayMask victim_mask;
  rdt::WayMask aggressor_mask;
  uint32_t lines = 0;  // the victim's working set
  Accesses accesses;
  double miss_ratio = 0;            // the victim's
  double victim_occupancy = 0;      // mean, lines
  double aggressors_occupancy = 0;  // of all of them together: mean, lines
};

struct Contention {
  ContentionParameters parameters;
  // For each victim `alone` and `alone_at_mask`, which are also what no aggressors make of `shared`
  // and `partitioned`; then for each kind and count from 1 up `shared` and `partitioned`.
  std::vector<ContentionPoint> points;
};

// Throws Error (EINVAL) where the partition leaves a side without ways.
Contention contention(const ContentionParameters& parameters);

}  // namespace berth::cache_model
