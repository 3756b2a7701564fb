#include "launcher/cache_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>

namespace berth::launcher {
namespace {

using Json = nlohmann::json;

struct Row {
  std::string who;
  rdt::WayMask mask;
  std::string note;
};

std::optional<uint64_t> value_at(const rdt::Schemata& schemata, unsigned id) {
  const auto resource = schemata.resources.find("L3");
  if (resource == schemata.resources.end()) return std::nullopt;
  const auto domain = resource->second.find(id);
  return domain == resource->second.end() ? std::nullopt : std::optional(domain->second);
}

topology::CpuSet cpus_of_group(const NodeFacts& facts, const std::string& group) {
  topology::CpuSet cpus;
  for (const ClaimFacts& claim : facts.claims) {
    if (std::string(rdt::kGroupPrefix) + claim.name != group) continue;
    for (const Use& use : claim.uses) cpus = cpus | topology::CpuSet::parse(use.cpus);
  }
  return cpus;
}

std::string ways_text(unsigned count) {
  return fmt::format("{} way{}", count, count == 1 ? "" : "s");
}

Row row_of(const NodeFacts& facts, const topology::L3Domain& domain, const rdt::InUse& group) {
  const auto ours = facts.ledger.groups.find(group.name);
  Row row{group.name, rdt::WayMask(value_at(group.schemata, *domain.cache_id).value_or(0)), {}};
  row.note = ways_text(row.mask.count());
  if (ours == facts.ledger.groups.end()) {
    row.note += ", not berth's";
    return row;
  }
  row.who = ours->second.purpose;
  const topology::CpuSet here = cpus_of_group(facts, group.name) & domain.cpus;
  if (!ours->second.ways.contains(*domain.cache_id)) {
    row.note += ", no cores here: the floor's ways";
    return row;
  }
  row.note += ours->second.exclusive ? ", exclusive" : ", shared";
  row.note += fmt::format(" (asked {})", ours->second.asked);
  if (!here.empty()) row.note += fmt::format(", CPUs {}", here.to_list());
  return row;
}

std::vector<Row> rows_of(const NodeFacts& facts, const topology::L3Domain& domain) {
  std::vector<Row> rows;
  for (const rdt::InUse& group : facts.groups) rows.push_back(row_of(facts, domain, group));
  const rdt::WayMask rest(value_at(facts.default_group, *domain.cache_id).value_or(0));
  rows.push_back({"default group", rest, ways_text(rest.count())});
  if (const rdt::WayMask io = facts.capability->l3->shareable; !io.empty()) {
    rows.push_back({"I/O devices", io, "may fill these too"});
  }
  return rows;
}

std::string picture(const NodeFacts& facts, const topology::L3Domain& domain) {
  const unsigned ways = facts.capability->l3->full.count();
  const std::vector<Row> rows = rows_of(facts, domain);
  size_t width = 3;
  for (const Row& row : rows) width = std::max(width, row.who.size());
  std::string text = fmt::format("  {:<{}} ", "way", width);
  for (unsigned way = ways; way-- > 0;) text += fmt::format("{:>3}", way);
  text += '\n';
  for (const Row& row : rows) {
    text += fmt::format("  {:<{}} ", row.who, width);
    for (unsigned way = ways; way-- > 0;) {
      text += row.mask.intersects(rdt::WayMask::run(way, 1)) ? "  #" : "  .";
    }
    text += "   " + row.note + '\n';
  }
  return text;
}

std::string heading(const NodeFacts& facts, const topology::L3Domain& domain) {
  std::string text = fmt::format("socket {}, L3 {}, {:.1f} MiB", domain.package,
                                 domain.cache_id ? std::to_string(*domain.cache_id) : "?",
                                 static_cast<double>(domain.bytes) / (1 << 20));
  if (facts.capability && facts.capability->l3) {
    text += fmt::format(", {} ways", facts.capability->l3->full.count());
  }
  return text + fmt::format(", CPUs {}\n", domain.cpus.to_list());
}

std::string absence(const NodeFacts& facts) {
  if (!facts.capability) return "no RDT on this node: resctrl is not mounted\n";
  if (!facts.capability->l3) return "this node's RDT cannot partition L3\n";
  return {};
}

std::string claim_lines(const NodeFacts& facts) {
  std::string text;
  for (const ClaimFacts& claim : facts.claims) {
    for (const Use& use : claim.uses) {
      text += fmt::format("{}: {} on CPUs {} (pid {}{})\n", claim.name, use.name, use.cpus,
                          use.holder.pid, use.holder.alive() ? "" : ", dead: berth reap");
    }
  }
  return text;
}

}  // namespace

std::string draw(const NodeFacts& facts) {
  std::string text;
  for (const topology::L3Domain& domain : facts.machine.l3()) {
    text += heading(facts, domain);
    if (facts.capability && facts.capability->l3 && domain.cache_id) {
      text += picture(facts, domain);
    }
  }
  if (facts.machine.l3().empty()) text += "no L3 cache\n";
  return text + absence(facts) + claim_lines(facts);
}

std::string to_json(const NodeFacts& facts) {
  Json json = {
      {"rdt", facts.capability.has_value()}, {"l3", Json::array()}, {"claims", Json::array()}};
  for (const topology::L3Domain& domain : facts.machine.l3()) {
    Json item = {{"socket", domain.package},
                 {"cacheId", domain.cache_id ? Json(*domain.cache_id) : Json()},
                 {"bytes", domain.bytes},
                 {"cpus", domain.cpus.to_list()}};
    if (facts.capability && facts.capability->l3 && domain.cache_id) {
      item["ways"] = facts.capability->l3->full.count();
      item["shareable"] = facts.capability->l3->shareable.to_hex();
      item["default"] =
          rdt::WayMask(value_at(facts.default_group, *domain.cache_id).value_or(0)).to_hex();
      item["groups"] = Json::array();
      for (const rdt::InUse& group : facts.groups) {
        const auto ours = facts.ledger.groups.find(group.name);
        const bool known = ours != facts.ledger.groups.end();
        item["groups"].push_back(
            {{"name", group.name},
             {"mask",
              rdt::WayMask(value_at(group.schemata, *domain.cache_id).value_or(0)).to_hex()},
             {"ours", known},
             {"exclusive", known && ours->second.exclusive},
             {"asked", known ? ours->second.asked : ""},
             {"holder", known ? ours->second.purpose : ""}});
      }
    }
    json["l3"].push_back(std::move(item));
  }
  for (const ClaimFacts& claim : facts.claims) {
    Json uses = Json::array();
    for (const Use& use : claim.uses) {
      uses.push_back({{"name", use.name},
                      {"pid", use.holder.pid},
                      {"alive", use.holder.alive()},
                      {"cpus", use.cpus}});
    }
    json["claims"].push_back({{"name", claim.name}, {"uses", std::move(uses)}});
  }
  return json.dump(2) + "\n";
}

}  // namespace berth::launcher
