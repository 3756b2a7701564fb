#include "rdt/room.h"

#include <algorithm>
#include <bit>

namespace berth::rdt {

namespace {

// The lowest run of a mask that is not empty.
WayMask lowest_run(WayMask mask) {
  const unsigned start = mask.lowest();
  return WayMask::run(start, static_cast<unsigned>(std::countr_one(mask.bits() >> start)));
}

template <class Visit>
void for_each_run(WayMask mask, const Visit& visit) {
  while (!mask.empty()) {
    const WayMask run = lowest_run(mask);
    visit(run);
    mask = mask.minus(run);
  }
}

// The low end of the smallest run that holds `need` ways, the lowest of equals.
WayMask best_fit(WayMask space, unsigned need) {
  WayMask best;
  for_each_run(space, [&](WayMask run) {
    if (run.count() >= need && (best.empty() || run.count() < best.count())) best = run;
  });
  return best.empty() ? best : WayMask::run(best.lowest(), need);
}

WayMask lowest_fit(WayMask space, unsigned need) {
  WayMask found;
  for_each_run(space, [&](WayMask run) {
    if (found.empty() && run.count() >= need) found = WayMask::run(run.lowest(), need);
  });
  return found;
}

// Without counting bits: masks that are moved have no holes.
unsigned length(WayMask run) {
  return run.highest() + 1 - run.lowest();
}

// Candidates for the sliding of extents[first, last) down to `from`: what they weigh, and whether
// the hole above them is large enough.
struct Window {
  size_t first = 0, last = 0;
  unsigned weight = 0;
};

// The extents that lie in `segment`, a run without obstacles, and the best window among them.
std::optional<Window> best_window(const std::vector<Extent>& extents, WayMask segment,
                                  unsigned need) {
  std::optional<Window> best;
  const auto inside = [&](size_t i) {
    return i < extents.size() && segment.contains(extents[i].ways);
  };
  size_t begin = 0;
  while (begin < extents.size() && !inside(begin)) ++begin;
  size_t end = begin;
  while (inside(end)) ++end;
  const auto above = [&](size_t i) {  // where the free ways above extents[.., i) end
    return i < end ? extents[i].ways.lowest() : segment.highest() + 1;
  };
  for (size_t first = begin; first < end; ++first) {
    unsigned floor = first == begin ? segment.lowest() : extents[first - 1].ways.highest() + 1;
    unsigned weight = 0;
    for (size_t last = first + 1; last <= end; ++last) {
      const unsigned ways = length(extents[last - 1].ways);
      floor += ways;
      weight += ways;
      if (above(last) - floor >= need && (!best || weight < best->weight)) {
        best = Window{first, last, weight};
      }
    }
  }
  return best;
}

Compaction slide(const std::vector<Extent>& extents, const Window& window, WayMask segment,
                 unsigned need) {
  Compaction result;
  const bool lowest = window.first == 0 || !segment.contains(extents[window.first - 1].ways);
  unsigned at = lowest ? segment.lowest() : extents[window.first - 1].ways.highest() + 1;
  for (size_t i = window.first; i < window.last; ++i) {
    const WayMask to = WayMask::run(at, length(extents[i].ways));
    if (to != extents[i].ways) result.moves.push_back({extents[i], to});
    at += length(to);
  }
  result.hole = WayMask::run(at, need);
  return result;
}

}  // namespace

Room survey(const CacheCapability& cache, const Layout& layout, std::span<const Foreign> foreign,
            Cache which, size_t domain, const Rules& rules) {
  Room room;
  room.cache = &cache;
  room.floor = floor_in(cache, layout, which, domain, rules.floor_ways);
  if (!rules.io_ways) room.io = cache.shareable;
  room.extents.reserve(layout.groups.size() + layout.regions.size());
  for (size_t i = 0; i < layout.groups.size(); ++i) {
    const Clos& group = layout.groups[i];
    const Slot& slot = group.slots[which][domain];
    if (slot.hold == Hold::shared) room.shared = room.shared | slot.ways;
    if (slot.hold != Hold::exclusive || !group.partition.empty()) continue;
    room.extents.push_back({i, false, slot.ways});
  }
  for (size_t i = 0; i < layout.regions.size(); ++i) {
    const WayMask ways = layout.regions[i].ways[which][domain];
    if (!ways.empty()) room.extents.push_back({i, true, ways});
  }
  std::ranges::sort(room.extents, {}, [](const Extent& e) { return e.ways.lowest(); });
  for (const Extent& extent : room.extents) room.exclusive = room.exclusive | extent.ways;
  room.default_group = default_beside(cache, layout, which, domain, room.exclusive).all();
  for (const Foreign& group : foreign) room.foreign = room.foreign | group.ways[which][domain];
  return room;
}

std::optional<WayMask> place_exclusive(const Room& room, unsigned need) {
  const WayMask free = room.free();
  WayMask found = best_fit(free.minus(room.default_group), need);
  if (found.empty()) found = lowest_fit(free, need);
  if (found.empty() && room.cache->sparse && free.count() >= need) found = free.lowest_ways(need);
  return found.empty() ? std::nullopt : std::optional(found);
}

std::optional<WayMask> place_shared(const Room& room, unsigned need) {
  WayMask best;
  for_each_run(room.open(), [&](WayMask run) {
    if (run.count() >= need) best = run.highest_ways(need);
  });
  const WayMask open = room.open();
  if (best.empty() && room.cache->sparse && open.count() >= need) best = open.highest_ways(need);
  return best.empty() ? std::nullopt : std::optional(best);
}

std::optional<Compaction> compact(const Room& room, unsigned need) {
  if (room.cache->sparse) return std::nullopt;  // any free ways do: there is nothing to be gained
  std::optional<Compaction> best;
  unsigned least = 0;
  for_each_run((room.free() | room.exclusive).minus(room.foreign), [&](WayMask segment) {
    const auto window = best_window(room.extents, segment, need);
    if (!window || (best && window->weight >= least)) return;
    best = slide(room.extents, *window, segment, need);
    least = window->weight;
  });
  return best;
}

}  // namespace berth::rdt
