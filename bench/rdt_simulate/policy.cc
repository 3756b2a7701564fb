#include "bench/rdt_simulate/policy.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "rdt/room.h"

namespace berth::rdt_simulate {

namespace {

using rdt::Cache;
using rdt::WayMask;

std::optional<WayMask> first_fit(const rdt::Room& room, unsigned need) {
  const WayMask free = room.free();
  for (const WayMask run : free.runs()) {
    if (run.count() >= need) return run.lowest_ways(need);
  }
  if (room.cache->sparse && free.count() >= need) return free.lowest_ways(need);
  return std::nullopt;
}

Policy policy(const char* name, bool first_fit, bool compaction, bool packing) {
  return {name, first_fit, {.packing = packing, .compaction = compaction}};
}

}  // namespace

std::vector<Policy> all_policies() {
  std::vector<Policy> policies;
  for (const bool packing : {false, true}) {
    policies.push_back(policy("first-fit", true, false, packing));
    policies.push_back(policy("best-fit", false, false, packing));
    policies.push_back(policy("best-fit+compaction", false, true, packing));
  }
  return policies;
}

Asking::Asking(const Node& node, Policy policy)
    : policy_(std::move(policy)), capability_(node.capability()), with_one_more_(capability_) {
  ++with_one_more_.max_groups;
}

Question Asking::question(const rdt::Layout& layout, const rdt::Wish& wish) const {
  if (!policy_.first_fit || wish.shared) return {&capability_, {}};
  const rdt::CacheCapability& l3 = *capability_.caches.l3;
  rdt::Foreign others{"others", {}};
  others.ways.l3.resize(l3.domains.size());
  for (const rdt::DomainShare& share : wish.domains.l3) {
    const size_t domain = *l3.index_of(share.id);
    const rdt::Room room = rdt::survey(l3, layout, {}, Cache::l3, domain, policy_.rules);
    const auto hole = first_fit(room, ways_needed(l3, wish, share, room.grantable()));
    if (!hole) return {&capability_, {}};  // to be refused, in the engine's own words
    others.ways.l3[domain] = l3.full.minus(*hole);
  }
  return {&with_one_more_, {std::move(others)}};
}

unsigned ways_needed(const rdt::CacheCapability& cache, const rdt::Wish& wish,
                     const rdt::DomainShare& share, unsigned grantable) {
  const rdt::Amount& amount = *wish.caches.l3->all;
  const auto ways =
      static_cast<unsigned>(rdt::ways_of(amount, cache.full.count(), grantable, share));
  return std::max(ways, cache.min_ways);
}

unsigned ways_needed(const Node& node, const rdt::CacheCapability& cache, const rdt::Wish& wish) {
  unsigned sum = 0;
  for (const rdt::DomainShare& share : wish.domains.l3) {
    sum += ways_needed(cache, wish, share, node.grantable);
  }
  return sum;
}

Reason reason_of(const rdt::Capability& capability, const rdt::Layout& layout,
                 const rdt::Wish& wish, const rdt::Rules& rules) {
  const rdt::CacheCapability& l3 = *capability.caches.l3;
  bool fits = true;
  for (const rdt::DomainShare& share : wish.domains.l3) {
    const rdt::Room room = rdt::survey(l3, layout, {}, Cache::l3, *l3.index_of(share.id), rules);
    const unsigned need = ways_needed(l3, wish, share, room.grantable());
    if ((wish.shared ? room.open() : room.free()).count() < need) return Reason::ways;
    const bool placed = wish.shared ? rdt::place_shared(room, need).has_value()
                                    : rdt::place_exclusive(room, need).has_value();
    fits = fits && (placed || (rules.compaction && !wish.shared && rdt::compact(room, need)));
  }
  if (!fits) return Reason::fragmentation;
  if (layout.groups.size() < capability.max_groups) {
    throw Error("'" + wish.asked + "' was refused though it fits");
  }
  return Reason::groups;
}

}  // namespace berth::rdt_simulate
