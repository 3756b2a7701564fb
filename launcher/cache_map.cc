#include "launcher/cache_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rdt/amount.h"

namespace berth::launcher {
namespace {

using Json = nlohmann::json;
using rdt::Cache;
using rdt::Hold;

topology::CpuSet cpus_of_claim(const NodeFacts& facts, const std::string& name) {
  topology::CpuSet cpus;
  for (const ClaimFacts& claim : facts.claims) {
    if (claim.name != name) continue;
    for (const Use& use : claim.uses) cpus = cpus | topology::CpuSet::parse(use.cpus);
  }
  return cpus;
}

std::string ways_text(const rdt::Masks& masks) {
  const unsigned count = masks.all().count();
  return fmt::format("{} way{}", count, count == 1 ? "" : "s");
}

std::string held_text(Hold hold) {
  switch (hold) {
    case Hold::exclusive:
      return ", exclusive";
    case Hold::shared:
      return ", shared";
    case Hold::as_default:
      return ", as the default group";
    case Hold::none:
      break;
  }
  return {};
}

rdt::Masks masks_in(const rdt::Control& control, Cache cache, size_t domain) {
  return domain < control.masks[cache].size() ? control.masks[cache][domain] : rdt::Masks{};
}

// One row for each member that has CPUs there; a group without any has the floor's ways, which is
// nobody's business.
void add_claims(const NodeFacts& facts, Cache cache, size_t domain, const topology::CpuSet& cpus,
                std::vector<Holding>& rows) {
  for (const rdt::Clos& group : facts.layout.groups) {
    const auto kernel = std::ranges::find(facts.kernel.groups, group.name, &rdt::KernelGroup::name);
    const bool gone = kernel == facts.kernel.groups.end();
    for (const rdt::Member& member : group.members) {
      if (std::ranges::find(member.domains[cache], domain) == member.domains[cache].end()) continue;
      Holding row{member.purpose, group.name, {}, {}, &member, group.slots[cache][domain].hold};
      if (!gone) row.masks = masks_in(kernel->control, cache, domain);
      row.note = gone ? "its group was removed by somebody: berth reap" : ways_text(row.masks);
      row.note += held_text(row.hold);
      row.note += fmt::format(" (asked {})", member.asked);
      const topology::CpuSet here = cpus_of_claim(facts, member.claim) & cpus;
      if (!here.empty()) row.note += fmt::format(", CPUs {}", here.to_list());
      rows.push_back(std::move(row));
    }
  }
}

char mark(const Holding& row, rdt::WayMask way) {
  const bool data = row.masks.data.intersects(way), code = row.masks.code.intersects(way);
  if (data && code) return '#';
  return data ? 'd' : code ? 'c' : '.';
}

std::string picture(const NodeFacts& facts, Cache cache, unsigned id,
                    const topology::CpuSet& cpus) {
  const std::vector<Holding> rows = holdings_in(facts, cache, id, cpus);
  const unsigned ways = facts.capability->caches[cache]->full.count();
  size_t width = 3;
  for (const Holding& row : rows) width = std::max(width, row.who.size());
  std::string text = fmt::format("  {:<{}} ", "way", width);
  for (unsigned way = ways; way-- > 0;) text += fmt::format("{:>3}", way);
  text += '\n';
  for (const Holding& row : rows) {
    text += fmt::format("  {:<{}} ", row.who, width);
    for (unsigned way = ways; way-- > 0;) {
      text += fmt::format("  {}", mark(row, rdt::WayMask::run(way, 1)));
    }
    text += "   " + row.note + '\n';
  }
  return text;
}

std::string heading(const NodeFacts& facts, const topology::L3Domain& domain) {
  std::string text = fmt::format("socket {}, L3 {}, {:.1f} MiB", domain.package,
                                 domain.cache_id ? std::to_string(*domain.cache_id) : "?",
                                 static_cast<double>(domain.bytes) / (1 << 20));
  if (facts.capability && facts.capability->caches.l3) {
    text += fmt::format(", {} ways", facts.capability->caches.l3->full.count());
  }
  return text + fmt::format(", CPUs {}\n", domain.cpus.to_list());
}

// Where somebody has ways of it that others have not: a node has many of them.
bool divided(const NodeFacts& facts, const topology::L2Domain& domain) {
  if (!facts.capability || !facts.capability->caches.l2 || !domain.cache_id) return false;
  const auto index = facts.capability->caches.l2->index_of(*domain.cache_id);
  return index && std::ranges::any_of(facts.layout.groups, [&](const rdt::Clos& group) {
           const Hold hold = group.slots.l2[*index].hold;
           return hold == Hold::exclusive || hold == Hold::shared;
         });
}

std::string bandwidth_lines(const NodeFacts& facts) {
  std::string text;
  for (const rdt::KernelGroup& group : facts.kernel.groups) {
    const rdt::Clos* clos = facts.layout.find(group.name);
    for (const rdt::Throttle throttle : rdt::kThrottles) {
      if (clos == nullptr || !facts.capability->throttles[throttle]) continue;
      for (size_t i = 0; i < clos->rates[throttle].size(); ++i) {
        if (clos->rates[throttle][i].figure == 0) continue;
        std::string who;
        for (const rdt::Member& member : clos->members) {
          const auto& domains = member.rate_domains[throttle];
          if (std::ranges::find(domains, i) == domains.end()) continue;
          who += (who.empty() ? "" : ", ") + member.purpose;
        }
        text += fmt::format("{} {}: {} limited to {}{}\n", rdt::name_of(throttle),
                            facts.capability->throttles[throttle]->domains[i], who,
                            group.control.figures[throttle][i],
                            rdt::unit_text(facts.capability->throttles[throttle]->unit));
      }
    }
  }
  return text;
}

std::string absence(const NodeFacts& facts) {
  if (!facts.capability) return "no RDT on this node: resctrl is not mounted (berth doctor)\n";
  if (!facts.capability->caches.l3) return "this node's RDT cannot partition L3\n";
  return {};
}

std::string claim_lines(const NodeFacts& facts) {
  std::string text;
  for (const ClaimFacts& claim : facts.claims) {
    for (const Use& use : claim.uses) {
      text += fmt::format("{}: {} on CPUs {}", claim.name, use.name, use.cpus);
      // An imagined one has no holder.
      if (use.holder.pid != 0) {
        text += fmt::format(" (pid {}{})", use.holder.pid,
                            use.holder.alive() ? "" : ", dead: berth reap");
      }
      text += '\n';
    }
  }
  return text;
}

Json masks_json(const rdt::Masks& masks) {
  if (masks.data == masks.code) return masks.data.to_hex();
  return {{"data", masks.data.to_hex()}, {"code", masks.code.to_hex()}};
}

Json cache_json(const NodeFacts& facts, Cache cache, unsigned id, const topology::CpuSet& cpus) {
  const rdt::CacheCapability& capability = *facts.capability->caches[cache];
  Json item = {{"ways", capability.full.count()},
               {"shareable", capability.shareable.to_hex()},
               {"groups", Json::array()}};
  for (const Holding& row : holdings_in(facts, cache, id, cpus)) {
    if (row.group.empty()) {
      if (row.who == "default group") item["default"] = masks_json(row.masks);
      continue;
    }
    item["groups"].push_back({{"name", row.group},
                              {"mask", masks_json(row.masks)},
                              {"ours", row.member != nullptr},
                              {"exclusive", row.hold == Hold::exclusive},
                              {"claim", row.member == nullptr ? "" : row.member->claim},
                              {"asked", row.member == nullptr ? "" : row.member->asked},
                              {"holder", row.member == nullptr ? "" : row.member->purpose}});
  }
  return item;
}

}  // namespace

std::vector<Holding> holdings_in(const NodeFacts& facts, Cache cache, unsigned id,
                                 const topology::CpuSet& cpus) {
  std::vector<Holding> rows;
  const auto& capability = facts.capability->caches[cache];
  const auto domain = capability ? capability->index_of(id) : std::nullopt;
  if (!domain) return rows;
  add_claims(facts, cache, *domain, cpus, rows);
  for (const rdt::Foreign& group : facts.kernel.foreign) {
    const rdt::WayMask ways = group.ways[cache][*domain];
    Holding row{group.name, group.name, {ways, ways}, {}, nullptr, Hold::none};
    row.note = ways_text(row.masks) + ", not berth's";
    rows.push_back(std::move(row));
  }
  Holding rest{
      "default group", {}, masks_in(facts.kernel.default_group, cache, *domain), {}, nullptr,
      Hold::as_default};
  rest.note = ways_text(rest.masks);
  rows.push_back(std::move(rest));
  if (const rdt::WayMask io = capability->shareable; !io.empty()) {
    rows.push_back({"I/O devices", {}, {io, io}, "may fill these too", nullptr, Hold::shared});
  }
  return rows;
}

std::string draw(const NodeFacts& facts) {
  std::string text;
  for (const topology::L3Domain& domain : facts.machine.l3()) {
    text += heading(facts, domain);
    if (facts.capability && facts.capability->caches.l3 && domain.cache_id) {
      text += picture(facts, Cache::l3, *domain.cache_id, domain.cpus);
    }
  }
  if (facts.machine.l3().empty()) text += "no L3 cache\n";
  for (const topology::L2Domain& domain : facts.machine.l2()) {
    if (!divided(facts, domain)) continue;
    text += fmt::format("L2 {}, {} KiB, CPUs {}\n", *domain.cache_id, domain.bytes >> 10,
                        domain.cpus.to_list());
    text += picture(facts, Cache::l2, *domain.cache_id, domain.cpus);
  }
  if (facts.capability) text += bandwidth_lines(facts);
  return text + absence(facts) + claim_lines(facts);
}

std::string to_json(const NodeFacts& facts) {
  Json json = {{"rdt", facts.capability.has_value()},
               {"l3", Json::array()},
               {"l2", Json::array()},
               {"claims", Json::array()}};
  for (const topology::L3Domain& domain : facts.machine.l3()) {
    Json item = {{"socket", domain.package},
                 {"cacheId", domain.cache_id ? Json(*domain.cache_id) : Json()},
                 {"bytes", domain.bytes},
                 {"cpus", domain.cpus.to_list()}};
    if (facts.capability && facts.capability->caches.l3 && domain.cache_id) {
      item.update(cache_json(facts, Cache::l3, *domain.cache_id, domain.cpus));
    }
    json["l3"].push_back(std::move(item));
  }
  for (const topology::L2Domain& domain : facts.machine.l2()) {
    if (!divided(facts, domain)) continue;
    Json item = {
        {"cacheId", *domain.cache_id}, {"bytes", domain.bytes}, {"cpus", domain.cpus.to_list()}};
    item.update(cache_json(facts, Cache::l2, *domain.cache_id, domain.cpus));
    json["l2"].push_back(std::move(item));
  }
  for (const ClaimFacts& claim : facts.claims) {
    Json uses = Json::array();
    for (const Use& use : claim.uses) {
      Json one = {{"name", use.name}, {"cpus", use.cpus}};
      if (use.holder.pid != 0) {
        one["pid"] = use.holder.pid;
        one["alive"] = use.holder.alive();
      }
      uses.push_back(std::move(one));
    }
    json["claims"].push_back({{"name", claim.name}, {"uses", std::move(uses)}});
  }
  return json.dump(2) + "\n";
}

}  // namespace berth::launcher
