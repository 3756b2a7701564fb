// A victim and its co-runners on one cache, step by step; what all the simulated studies are made
// of.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/cache/model/streams.h"
#include "bench/cache/model/way_cache.h"

namespace berth::cache_model {

enum class VictimKind {
  chase,   // PointerChase
  random,  // UniformRandom
};

enum class AggressorKind {
  read_stream,         // EndlessStream
  write_stream,        // the same: a write fills as a read does
  non_temporal_write,  // the same stream, but it fills nothing
  random_read,         // UniformRandom over more lines than the cache has
};

// How long a cell runs: in accesses of the victim, as multiples of the cache's lines or of its own,
// whichever are more. The victim has touched each of its lines once before, as a benchmark that
// builds them.
struct Sampling {
  double warm_up = 4;
  double counted = 4;
};

// The same in accesses of the victim, rounded up to whole passes over its lines.
struct Accesses {
  uint64_t warm_up = 0;
  uint64_t counted = 0;
};
Accesses accesses_of(const Sampling& sampling, const Geometry& geometry, uint32_t lines);

// Lines that are a fraction of the whole cache; at least one. Throws Error (ERANGE) from 2^32 on.
uint32_t lines_of(double fraction, const Geometry& geometry);

struct Aggressor {
  AggressorKind kind = AggressorKind::read_stream;
  double rate = 1;    // accesses for each of the victim's
  double factor = 4;  // random_read only: its lines, as a multiple of the cache's
};

// Deterministic: after each access of the victim come those of each aggressor in turn, so many that
// its rate is kept.
class CoRun {
 public:
  CoRun(const Geometry& geometry, uint64_t seed, VictimKind victim, uint32_t lines,
        const std::vector<Aggressor>& aggressors);

  // From here on; what is in the cache stays. All ways at first.
  void set_masks(rdt::WayMask victim, rdt::WayMask aggressors);
  // The victim alone touches each of its lines once.
  void touch_all();
  // So many accesses of the victim and the aggressors' between them. The victim's misses.
  uint64_t run(uint64_t accesses);

  uint64_t victim_occupancy() const;      // lines
  uint64_t aggressors_occupancy() const;  // lines, of all of them together

 private:
  struct Client {
    Stream stream;
    bool fills = true;
    double rate = 0;
    double due = 0;  // accesses that its rate owes it
  };
  WayCache cache_;
  uint32_t lines_;
  Stream victim_;
  std::vector<Client> aggressors_;
  rdt::WayMask victim_mask_;
  rdt::WayMask aggressor_mask_;
};

}  // namespace berth::cache_model
