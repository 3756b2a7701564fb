#include "rdt/layout.h"

#include <algorithm>
#include <bit>

namespace berth::rdt {

namespace {

WayMask top_run(WayMask mask) {
  if (mask.empty()) return mask;
  const unsigned ones =
      static_cast<unsigned>(std::countl_one(mask.bits() << (63 - mask.highest())));
  return WayMask::run(mask.highest() + 1 - ones, ones);
}

WayMask left(WayMask had, WayMask taken, bool sparse) {
  if (!taken.intersects(had)) return had;
  const WayMask rest = had.minus(taken);
  return sparse ? rest : top_run(rest);
}

}  // namespace

const Clos* Layout::find(std::string_view name) const {
  const auto found = std::ranges::find(groups, name, &Clos::name);
  return found == groups.end() ? nullptr : &*found;
}

const Clos* Layout::group_of(std::string_view claim) const {
  const auto found = std::ranges::find_if(groups, [&](const Clos& group) {
    return std::ranges::find(group.members, claim, &Member::claim) != group.members.end();
  });
  return found == groups.end() ? nullptr : &*found;
}

const Member* Layout::member(std::string_view claim) const {
  const Clos* group = group_of(claim);
  return group == nullptr ? nullptr : &*std::ranges::find(group->members, claim, &Member::claim);
}

namespace {

template <class T>
bool contains(const std::vector<T>& values, const T& value) {
  return std::ranges::find(values, value) != values.end();
}

// What none of the group's members has CPUs for.
void clear_unused(Clos& group) {
  for (const Cache cache : kCaches) {
    for (size_t domain = 0; domain < group.slots[cache].size(); ++domain) {
      const bool used = std::ranges::any_of(group.members, [&](const Member& member) {
        return contains(member.domains[cache], domain);
      });
      if (!used) group.slots[cache][domain] = {};
    }
  }
  for (const Throttle throttle : kThrottles) {
    for (size_t domain = 0; domain < group.rates[throttle].size(); ++domain) {
      const bool used = std::ranges::any_of(group.members, [&](const Member& member) {
        return contains(member.rate_domains[throttle], domain);
      });
      if (!used) group.rates[throttle][domain] = {};
    }
  }
}

// Where no class of the partition is in use.
void clear_unused(Region& region, const std::vector<Clos>& groups) {
  for (const Cache cache : kCaches) {
    for (size_t domain = 0; domain < region.ways[cache].size(); ++domain) {
      const bool used = std::ranges::any_of(groups, [&](const Clos& group) {
        return group.partition == region.partition &&
               group.slots[cache][domain].hold == Hold::exclusive;
      });
      if (!used) region.ways[cache][domain] = WayMask();
    }
  }
}

}  // namespace

Layout Layout::without(std::string_view claim) const {
  Layout rest = *this;
  for (Clos& group : rest.groups) {
    const size_t before = group.members.size();
    std::erase_if(group.members, [&](const Member& member) { return member.claim == claim; });
    if (group.members.size() != before) clear_unused(group);
  }
  std::erase_if(rest.groups, [](const Clos& group) { return group.members.empty(); });
  for (Region& region : rest.regions) clear_unused(region, rest.groups);
  std::erase_if(rest.regions, [&](const Region& region) {
    return std::ranges::find(rest.groups, region.partition, &Clos::partition) == rest.groups.end();
  });
  return rest;
}

Masks had_in(const CacheCapability& cache, const Layout& layout, Cache which, size_t domain) {
  const std::vector<Masks>& original = layout.original[which];
  const bool known = domain < original.size() && !original[domain].data.empty();
  return known ? original[domain] : Masks{cache.full, cache.full};
}

WayMask floor_in(const CacheCapability& cache, const Layout& layout, Cache which, size_t domain,
                 unsigned floor_ways) {
  const WayMask run = top_run(had_in(cache, layout, which, domain).all());
  return run.highest_ways(std::max(floor_ways, cache.min_ways));
}

WayMask exclusive_in(const Layout& layout, Cache which, size_t domain) {
  WayMask taken;
  for (const Clos& group : layout.groups) {
    const Slot& slot = group.slots[which][domain];
    if (slot.hold == Hold::exclusive) taken = taken | slot.ways;
  }
  for (const Region& region : layout.regions) taken = taken | region.ways[which][domain];
  return taken;
}

Masks default_in(const CacheCapability& cache, const Layout& layout, Cache which, size_t domain) {
  return default_beside(cache, layout, which, domain, exclusive_in(layout, which, domain));
}

Masks default_beside(const CacheCapability& cache, const Layout& layout, Cache which, size_t domain,
                     WayMask taken) {
  const Masks had = had_in(cache, layout, which, domain);
  return {left(had.data, taken, cache.sparse), left(had.code, taken, cache.sparse)};
}

Masks default_beside_strangers(const CacheCapability& cache, const Layout& layout,
                               std::span<const Foreign> strangers, Cache which, size_t domain) {
  WayMask taken = exclusive_in(layout, which, domain);
  for (const Foreign& stranger : strangers) {
    if (stranger.exclusive_mode) taken = taken | stranger.ways[which][domain];
  }
  const Masks beside = default_beside(cache, layout, which, domain, taken);
  // Where they leave no mask it is the kernel's to refuse, and to say why.
  const unsigned fewest = std::min(beside.data.count(), beside.code.count());
  if (fewest >= std::max(1U, cache.min_ways)) return beside;
  return default_in(cache, layout, which, domain);
}

Masks masks_of(const CacheCapability& cache, const Layout& layout, const Clos& group, Cache which,
               size_t domain) {
  const Slot& slot = group.slots[which][domain];
  switch (slot.hold) {
    case Hold::exclusive:
    case Hold::shared:
      return slot.code.empty() ? Masks{slot.ways, slot.ways} : Masks{slot.data(), slot.code};
    case Hold::as_default:
      return default_in(cache, layout, which, domain);
    case Hold::none:
      break;
  }
  const WayMask floor = floor_in(cache, layout, which, domain, layout.floor_ways);
  return {floor, floor};
}

std::vector<GrantedDomain> granted(const Capability& capability, const Layout& layout,
                                   std::string_view claim) {
  std::vector<GrantedDomain> domains;
  const Clos* group = layout.group_of(claim);
  if (group == nullptr) return domains;
  for (const Cache cache : kCaches) {
    if (!capability.caches[cache]) continue;
    for (const size_t domain : layout.member(claim)->domains[cache]) {
      const Slot& slot = group->slots[cache][domain];
      if (slot.hold != Hold::exclusive && slot.hold != Hold::shared) continue;
      domains.push_back({cache, capability.caches[cache]->domains[domain], slot,
                         default_in(*capability.caches[cache], layout, cache, domain).all()});
    }
  }
  return domains;
}

}  // namespace berth::rdt
