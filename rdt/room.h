// The ways of one cache: who has them, where more fit. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rdt/layout.h"

namespace berth::rdt {

// A run of ways that may be moved as a whole: a group's exclusive slot, or a partition's region.
struct Extent {
  size_t owner = 0;  // position in the layout's groups; with `region`, in its regions
  bool region = false;
  WayMask ways;
};

struct Room {
  const CacheCapability* cache = nullptr;
  WayMask floor;          // the default group's, come what may
  WayMask default_group;  // the default group's now
  WayMask exclusive, shared, foreign;
  WayMask io;                   // not to be handed out
  std::vector<Extent> extents;  // of `exclusive`, by position

  // Ways for an exclusive holder.
  WayMask free() const { return cache->full.minus(floor | io | exclusive | shared | foreign); }
  // Ways for a sharer.
  WayMask open() const { return cache->full.minus(exclusive | foreign); }
  // What could ever be handed out where nobody else is.
  unsigned grantable() const { return cache->full.minus(floor | io).count(); }
};

Room survey(const CacheCapability& cache, const Layout& layout, std::span<const Foreign> foreign,
            Cache which, size_t domain, const Rules& rules);

// The smallest hole between holders that `need` ways fit into, else the low end of what the default
// group has; with sparse masks, any free ways where no hole is large enough. Nothing where none
// fit.
std::optional<WayMask> place_exclusive(const Room& room, unsigned need);
// As far up as they fit, where the default group's are.
std::optional<WayMask> place_shared(const Room& room, unsigned need);

struct Move {
  Extent extent;
  WayMask to;
};
struct Compaction {
  std::vector<Move> moves;  // in an order in which each lands on ways that are free by then
  WayMask hole;             // of `need` ways, free after them
};
// Holders are slid down until `need` ways are free side by side: those whose ways add up to the
// fewest. Nothing where the free ways between two obstacles (I/O, foreign, shared) do not suffice.
std::optional<Compaction> compact(const Room& room, unsigned need);

// Why `need` ways do not fit; the figures add up to the ways that the cache has.
std::string shortage(const Room& room, std::span<const Foreign> foreign, Cache which, size_t domain,
                     uint64_t need, bool shared);

}  // namespace berth::rdt
