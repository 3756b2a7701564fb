#include "rdt/allocate.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace berth::rdt {

namespace {

constexpr std::string_view kL3 = "L3";

WayMask mask_in(const Schemata& schemata, unsigned domain) {
  const auto line = schemata.resources.find(kL3);
  if (line == schemata.resources.end()) return WayMask();
  const auto value = line->second.find(domain);
  return value == line->second.end() ? WayMask() : WayMask(value->second);
}

// What the default group had there. A domain that came later (CPUs put online) had every way.
WayMask had_in(const L3Capability& l3, const Schemata& original, unsigned domain) {
  const WayMask had = mask_in(original, domain);
  return had.empty() ? l3.full : had;
}

WayMask top_run(WayMask mask) {
  return mask.empty() ? mask : mask.runs().back();
}

WayMask top_ways(WayMask run, unsigned count) {
  const unsigned kept = std::min(count, run.count());
  return kept == 0 ? WayMask() : WayMask::run(run.highest() + 1 - kept, kept);
}

// What the default group has once `taken` is somebody else's: a run, for not every machine accepts
// a mask with holes; but exactly what it had where nothing is taken.
WayMask default_left(WayMask had, WayMask taken) {
  return taken.intersects(had) ? top_run(had.minus(taken)) : had;
}

// Who has which ways of one domain.
struct Domain {
  WayMask full, shareable;
  WayMask floor;          // the default group's, come what may
  WayMask default_group;  // the default group's now
  WayMask exclusive, shared, strangers;

  WayMask free() const { return full.minus(floor | shareable | exclusive | shared | strangers); }
};

Domain survey(const L3Capability& l3, const Schemata& original, std::span<const InUse> in_use,
              unsigned floor, unsigned id) {
  Domain domain{l3.full, l3.shareable, {}, {}, {}, {}, {}};
  for (const InUse& group : in_use) {
    WayMask& owner = !group.ours       ? domain.strangers
                     : group.exclusive ? domain.exclusive
                                       : domain.shared;
    owner = owner | mask_in(group.schemata, id);
  }
  const WayMask had = had_in(l3, original, id);
  domain.floor = top_ways(top_run(had), std::max(floor, l3.min_ways));
  domain.default_group = default_left(had, domain.exclusive);
  return domain;
}

// The smallest run of `space` that holds `need` ways, the lowest of equals; its low end is taken.
WayMask best_fit(WayMask space, unsigned need) {
  WayMask best;
  for (const WayMask run : space.runs()) {
    if (run.count() >= need && (best.empty() || run.count() < best.count())) best = run;
  }
  return best.empty() ? best : WayMask::run(best.lowest(), need);
}

WayMask lowest_fit(WayMask space, unsigned need) {
  for (const WayMask run : space.runs()) {
    if (run.count() >= need) return WayMask::run(run.lowest(), need);
  }
  return WayMask();
}

WayMask highest_fit(WayMask space, unsigned need) {
  WayMask best;
  for (const WayMask run : space.runs()) {
    if (run.count() >= need) best = top_ways(run, need);
  }
  return best;
}

WayMask place_exclusive(const Domain& domain, unsigned need) {
  const WayMask hole = best_fit(domain.free().minus(domain.default_group), need);
  return hole.empty() ? lowest_fit(domain.free(), need) : hole;
}

unsigned longest_run(WayMask mask) {
  unsigned longest = 0;
  for (const WayMask run : mask.runs()) longest = std::max(longest, run.count());
  return longest;
}

// The names of the groups that berth did not make and that have ways there, a few of them.
std::string strangers_in(std::span<const InUse> in_use, unsigned id) {
  constexpr size_t kShown = 3;
  std::vector<std::string> names;
  for (const InUse& group : in_use) {
    if (group.ours || mask_in(group.schemata, id).empty()) continue;
    if (names.size() == kShown) {
      names.emplace_back("...");
      break;
    }
    names.push_back("'" + group.name + "'");
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

// Why `need` ways do not fit. The figures add up to the ways that the cache has.
std::string shortage(unsigned id, const Domain& domain, std::span<const InUse> in_use,
                     uint64_t need, bool shared) {
  const unsigned all = domain.full.count();
  if (need > all) return fmt::format("L3 {}: {} ways asked, it has only {}", id, need, all);
  std::string line = fmt::format("L3 {}: {} of {} ways asked", id, need, all);
  const WayMask free =
      shared ? domain.full.minus(domain.exclusive | domain.strangers) : domain.free();
  line += fmt::format(", {} free", free.count());
  if (free.count() >= need) line += fmt::format(" but only {} side by side", longest_run(free));
  std::string holders;
  WayMask seen = free;
  const auto count = [&](std::string_view text, WayMask mask) {
    const unsigned ways = (mask & domain.full).minus(seen).count();
    seen = seen | mask;
    if (ways == 0) return;
    holders += fmt::format("{}{} {}", holders.empty() ? "" : ", ", text, ways);
  };
  if (!shared) count("default keeps", domain.floor);
  count("jobs hold", domain.exclusive | domain.shared);
  count(fmt::format("groups not of berth ({}) hold", strangers_in(in_use, id)), domain.strangers);
  count("I/O shares", domain.shareable);
  return holders.empty() ? line : fmt::format("{} ({})", line, holders);
}

std::string join_ids(const std::vector<unsigned>& ids) {
  return fmt::format("{}", fmt::join(ids, ", "));
}

// Refusals that do not depend on any one domain; empty where there is none.
std::string unable(const Capability& capability, std::span<const InUse> in_use, const Wish& wish) {
  if (capability.cdp) {
    return "resctrl is mounted with cdp, which splits the L3 into code and data: mount it without";
  }
  if (!capability.l3) return "this machine cannot divide its L3 (resctrl has no info/L3)";
  if (wish.domains.empty()) return "the CPUs lie under no L3 cache";
  for (const auto& [id, bytes] : wish.domains) {
    if (!std::ranges::binary_search(capability.l3->domains, id)) {
      return fmt::format("L3 {}: resctrl does not know it (it has {})", id,
                         join_ids(capability.l3->domains));
    }
  }
  if (in_use.size() >= capability.max_groups) {
    const auto strangers = std::ranges::count(in_use, false, &InUse::ours);
    return fmt::format("all {} groups that the hardware has are taken ({} of berth, {} of others)",
                       capability.max_groups, in_use.size() - static_cast<size_t>(strangers),
                       strangers);
  }
  return {};
}

}  // namespace

std::variant<Grant, Refusal> allocate(const Capability& capability, const Schemata& original,
                                      std::span<const InUse> in_use, const Wish& wish,
                                      unsigned floor) {
  if (std::string reason = unable(capability, in_use, wish); !reason.empty()) {
    return Refusal{std::move(reason)};
  }
  const L3Capability& l3 = *capability.l3;
  Grant grant;
  for (const unsigned id : l3.domains) {
    const Domain domain = survey(l3, original, in_use, floor, id);
    const auto wanted = wish.domains.find(id);
    if (wanted == wish.domains.end()) {
      grant.job[id] = domain.floor;
      grant.default_group[id] = domain.default_group;
      continue;
    }
    if (wish.l3.unit == Amount::Unit::bytes && wanted->second < l3.full.count()) {
      return Refusal{fmt::format("L3 {}: its size is unknown: ask for ways or a share", id)};
    }
    const uint64_t need =
        std::max<uint64_t>(ways_of(wish.l3, l3.full.count(), wanted->second), l3.min_ways);
    WayMask mask;
    if (need <= l3.full.count()) {
      const auto ways = static_cast<unsigned>(need);
      mask = wish.shared ? highest_fit(l3.full.minus(domain.exclusive | domain.strangers), ways)
                         : place_exclusive(domain, ways);
    }
    if (mask.empty()) return Refusal{shortage(id, domain, in_use, need, wish.shared)};
    grant.job[id] = mask;
    grant.ways[id] = mask.count();
    grant.default_group[id] =
        wish.shared ? domain.default_group : default_left(domain.default_group, mask);
  }
  return grant;
}

Masks default_masks(const Capability& capability, const Schemata& original,
                    std::span<const InUse> in_use) {
  Masks masks;
  if (!capability.l3) return masks;
  for (const unsigned id : capability.l3->domains) {
    const WayMask had = had_in(*capability.l3, original, id);
    WayMask taken;
    for (const InUse& group : in_use) {
      if (group.ours && group.exclusive) taken = taken | mask_in(group.schemata, id);
    }
    masks[id] = default_left(had, taken);
  }
  return masks;
}

}  // namespace berth::rdt
