#include "rdt/allocate.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "rdt/allocation.h"

namespace berth::rdt {

// What can be told without looking at any one cache.
void Allocation::check() const {
  for (const Cache cache : kCaches) {
    if (!wish_.caches[cache]) continue;
    const auto& capability = capability_.caches[cache];
    if (!capability) {
      refuse("this machine cannot divide its {0} (resctrl has no info/{0})", name_of(cache));
    }
    if (!wish_.caches[cache]->all && !capability->code_data) {
      refuse("resctrl is mounted without cdp{}: code and data cannot be told apart",
             cache == Cache::l2 ? "l2" : "");
    }
    if (wish_.domains[cache].empty()) refuse("the CPUs lie under no {} cache", name_of(cache));
  }
  for (const Throttle throttle : kThrottles) {
    if (!wish_.throttles[throttle] || capability_.throttles[throttle]) continue;
    refuse("this machine cannot limit memory bandwidth (resctrl has no info/{})",
           name_of(throttle));
  }
}

// The positions of the claim's domains. One that resctrl does not know is a refusal only where the
// cache was asked for.
void Allocation::locate(Cache cache) {
  const auto& capability = capability_.caches[cache];
  if (!capability) return;
  for (const DomainShare& share : wish_.domains[cache]) {
    if (const auto domain = capability->index_of(share.id)) {
      domains_[cache].push_back(*domain);
    } else if (wish_.in(cache, share.id) != nullptr) {
      refuse("{} {}: resctrl does not know it (it has {})", name_of(cache), share.id,
             fmt::join(capability->domains, ", "));
    }
  }
}

void Allocation::rates() {
  for (const Throttle throttle : kThrottles) {
    const auto& capability = capability_.throttles[throttle];
    if (!capability) continue;
    uint64_t figure = 0;
    if (wish_.throttles[throttle]) figure = figure_of(*wish_.throttles[throttle], *capability);
    for (const DomainShare& share : wish_.domains.l3) {
      if (const auto domain = capability->index_of(share.id)) {
        figures_[throttle].emplace_back(*domain, figure);
      }
    }
  }
}

Need Allocation::need_of(const CacheWish& wish, unsigned ways, unsigned grantable,
                         const DomainShare& share, const CacheCapability& cache) const {
  const auto count = [&](const Amount& amount) {
    // More than there are is all the same to who refuses it.
    const uint64_t asked = ways_of(amount, ways, grantable, share);
    return static_cast<unsigned>(
        std::clamp<uint64_t>(asked, cache.min_ways, cache.full.count() + 1));
  };
  const unsigned most = wish.at_most ? count(*wish.at_most) : std::numeric_limits<unsigned>::max();
  // With both given, which of them holds is the mount's to say.
  const bool apart = cache.code_data && wish.code && wish.data;
  if (wish.all && !apart) return {std::min(count(*wish.all), most), 0};
  const unsigned code = wish.code ? count(*wish.code) : 0;
  const unsigned data = wish.data ? count(*wish.data) : 0;
  if (code == 0 || data == 0) refuse("ways for code and ways for data go together");
  if (code + data <= most) return {code + data, code};
  if (most < 2 * cache.min_ways)
    refuse("the policy's ceiling leaves no ways for code and for data");
  return {most, std::clamp(most * code / (code + data), cache.min_ways, most - cache.min_ways)};
}

void Allocation::move(Cache cache, size_t domain, const Move& move) {
  const auto shift =
      static_cast<int>(move.to.lowest()) - static_cast<int>(move.extent.ways.lowest());
  const auto shifted = [&](WayMask mask) {
    return WayMask(shift < 0 ? mask.bits() >> -shift : mask.bits() << shift);
  };
  if (grant_.moved.empty()) {
    grant_.moved.reserve(layout().groups.size() * wish_.domains[cache].size());
  }
  Moved moved{{}, cache, capability_.caches[cache]->domains[domain], move.extent.ways, move.to};
  if (!move.extent.region) {
    Clos& group = layout().groups[move.extent.owner];
    Slot& slot = group.slots[cache][domain];
    slot.ways = shifted(slot.ways);
    slot.code = shifted(slot.code);
    moved.holder = group.name;
  } else {
    Region& region = layout().regions[move.extent.owner];
    region.ways[cache][domain] = move.to;
    for (Clos& group : layout().groups) {
      Slot& slot = group.slots[cache][domain];
      if (group.partition != region.partition || slot.hold != Hold::exclusive) continue;
      slot.ways = shifted(slot.ways);
      slot.code = shifted(slot.code);
    }
    moved.holder = region.partition;
  }
  grant_.moved.push_back(std::move(moved));
}

// `need` ways that nobody has, after moves if it must be.
WayMask Allocation::exclusive_ways(Cache cache, size_t domain, const Room& room, unsigned need) {
  if (need <= room.cache->full.count()) {
    if (const auto hole = place_exclusive(room, need)) return *hole;
    if (rules_.compaction) {
      if (const auto made = compact(room, need)) {
        for (const Move& one : made->moves) move(cache, domain, one);
        return made->hole;
      }
    }
  }
  throw Refused{shortage(room, foreign_, cache, domain, need, false)};
}

namespace {

Slot divided(Hold hold, WayMask ways, unsigned code) {
  Slot slot{hold, ways, {}};
  // Code above data: data may be the larger part, and what grows is easier to place below.
  if (code > 0) slot.code = ways.highest_ways(code);
  return slot;
}

}  // namespace

void Allocation::place_one(Cache cache, const DomainShare& share, size_t domain) {
  const CacheCapability& capability = *capability_.caches[cache];
  if (!wish_.caches[cache]) {
    wanted_[cache].push_back({domain, {Hold::as_default, {}, {}}});
    return;
  }
  const Room room = survey(capability, layout(), foreign_, cache, domain, rules_);
  const Need need =
      need_of(*wish_.caches[cache], capability.full.count(), room.grantable(), share, capability);
  if (!wish_.shared) {
    const WayMask ways = exclusive_ways(cache, domain, room, need.ways);
    wanted_[cache].push_back({domain, divided(Hold::exclusive, ways, need.code)});
    return;
  }
  const auto ways =
      need.ways > capability.full.count() ? std::nullopt : place_shared(room, need.ways);
  if (!ways) throw Refused{shortage(room, foreign_, cache, domain, need.ways, true)};
  wanted_[cache].push_back({domain, divided(Hold::shared, *ways, need.code)});
}

// The partition's region is placed when the first of its classes comes; a class has its low end.
void Allocation::place_in_class(Cache cache, const DomainShare& share, size_t domain) {
  const CacheCapability& capability = *capability_.caches[cache];
  const Amount* of_partition = wish_.of_class->in(cache, share.id);
  if (of_partition == nullptr) {
    wanted_[cache].push_back({domain, {Hold::as_default, {}, {}}});
    return;
  }
  auto region = std::ranges::find(layout().regions, wish_.of_class->partition, &Region::partition);
  if (region == layout().regions.end()) {
    Region made{wish_.of_class->partition, {}};
    for (const Cache each : kCaches) {
      if (capability_.caches[each])
        made.ways[each].resize(capability_.caches[each]->domains.size());
    }
    region = layout().regions.insert(region, std::move(made));
  }
  const auto position = static_cast<size_t>(region - layout().regions.begin());
  if (region->ways[cache][domain].empty()) {
    const Room room = survey(capability, layout(), foreign_, cache, domain, rules_);
    const Need need = need_of({*of_partition, {}, {}}, capability.full.count(), room.grantable(),
                              share, capability);
    const WayMask ways = exclusive_ways(cache, domain, room, need.ways);
    layout().regions[position].ways[cache][domain] = ways;
  }
  const WayMask whole = layout().regions[position].ways[cache][domain];
  const CacheWish all{Amount{Amount::Unit::percent, 100}, {}, {}};
  const CacheWish* part = wish_.in(cache, share.id);
  const Need need =
      need_of(part == nullptr ? all : *part, whole.count(), whole.count(), share, capability);
  if (need.ways > whole.count()) {
    refuse("class '{}' wants {} ways of {} {}, its partition '{}' has {}", wish_.of_class->name,
           need.ways, name_of(cache), share.id, wish_.of_class->partition, whole.count());
  }
  const WayMask ways = whole.lowest_ways(need.ways);
  wanted_[cache].push_back({domain, divided(Hold::exclusive, ways, need.code)});
}

// The mode is for all caches that are divided: who uses one of them as the default group does
// cannot have it.
bool Allocation::wants_the_kernels_mode() const {
  return rules_.kernel_exclusive && !wish_.shared && !wish_.of_class &&
         std::ranges::all_of(kCaches, [&](Cache cache) {
           return !capability_.caches[cache] || wish_.caches[cache];
         });
}

void Allocation::place(Cache cache) {
  const auto& capability = capability_.caches[cache];
  if (!capability) return;
  for (const DomainShare& share : wish_.domains[cache]) {
    const auto domain = capability->index_of(share.id);
    if (!domain) continue;
    wish_.of_class ? place_in_class(cache, share, *domain) : place_one(cache, share, *domain);
  }
  if (!wants_the_kernels_mode()) return;
  for (size_t domain = 0; domain < capability->domains.size(); ++domain) {
    if (std::ranges::find(domains_[cache], domain) != domains_[cache].end()) continue;
    const Room room = survey(*capability, layout(), foreign_, cache, domain, rules_);
    const WayMask way = exclusive_ways(cache, domain, room, capability->min_ways);
    wanted_[cache].push_back({domain, {Hold::exclusive, way, {}}});
  }
}

std::variant<Grant, Refusal> allocate(const Capability& capability, const Layout& layout,
                                      std::span<const Foreign> foreign, const std::string& claim,
                                      const std::string& purpose, const Wish& wish,
                                      const Rules& rules) {
  try {
    return Allocation(capability, layout, foreign, wish, rules).run(claim, purpose);
  } catch (const Refused& refused) {
    return Refusal{refused.reason};
  } catch (const Error& error) {  // an amount that this machine cannot count
    return Refusal{error.message()};
  }
}

}  // namespace berth::rdt
