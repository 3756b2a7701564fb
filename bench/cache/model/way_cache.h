// One last-level cache below Cache Allocation Technology (CAT), as far as its answers are known in
// closed form (closed_form.h): sets x ways, true LRU, no inner caches, no time. A simulation; no
// figure that comes of it is a measurement.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "rdt/way_mask.h"

namespace berth::cache_model {

// How a line finds its set.
enum class SetIndex {
  hashed,  // by a pseudo-random function of the line, as in sliced caches: lines/set are Poisson's
  modulo,  // line mod sets: consecutive lines fill the sets evenly
};

struct Geometry {
  unsigned sets = 2048;
  unsigned ways = 11;
  SetIndex index = SetIndex::hashed;

  uint64_t lines() const { return uint64_t{sets} * ways; }
  rdt::WayMask all_ways() const { return rdt::WayMask::run(0, ways); }
  bool operator==(const Geometry&) const = default;
};

// CAT's semantics (Intel SDM vol. 3, 17.19 "Intel Resource Director Technology Allocation
// Features"): a mask bounds where a class may fill, not where it may hit. So
// - a line is looked for in all ways, and found counts as a hit whatever the mask is;
// - a hit makes the line the most recently used one where it is: it does not move;
// - a miss fills one of the mask's ways, an empty one first, else the least recently used of them;
// - a change of masks moves and evicts nothing.
class WayCache {
 public:
  // Throws Error (EINVAL) unless 1 <= ways <= 64 and sets >= 1. The seed chooses the hash.
  WayCache(Geometry geometry, uint64_t seed);

  // Whether `line` is there; fills it for `owner` where it is not. Of an empty mask nothing is
  // filled (no CLOS can have that one; it stands for accesses that bypass the cache). Of `fill` the
  // ways that the cache has count. `line` is any number but the largest; `owner` a small one.
  bool access(uint64_t line, rdt::WayMask fill, unsigned owner);

  // Lines that are there and were filled by `owner`, as CMT counts them: a hit of another one does
  // not change whose a line is.
  uint64_t occupancy(unsigned owner) const;

  unsigned set_of(uint64_t line) const;
  const Geometry& geometry() const { return geometry_; }

 private:
  size_t place_to_fill(size_t first, uint64_t mask) const;

  Geometry geometry_;
  rdt::WayMask all_ways_;
  uint64_t hash_seed_;
  uint64_t clock_ = 0;  // the time of the last access
  // By set, then by way.
  std::vector<uint64_t> lines_;
  std::vector<uint64_t> last_use_;  // a time; 0 where empty
  std::vector<unsigned> owners_;
  std::vector<uint64_t> occupancy_;  // by owner
};

}  // namespace berth::cache_model
