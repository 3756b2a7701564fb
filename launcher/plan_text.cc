// A plan as a person reads it and as a program does.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "launcher/plan.h"

namespace berth::launcher {
namespace {

using Json = nlohmann::json;
using topology::PlacedDomain;

std::string bytes_text(uint64_t bytes) {
  if (bytes == 0) return "size unknown";
  if (bytes % (1U << 20) == 0) return fmt::format("{} MiB", bytes >> 20);
  return fmt::format("{} KiB", bytes >> 10);
}

std::string id_text(const topology::L3Domain& domain) {
  return domain.cache_id ? std::to_string(*domain.cache_id) : "?";
}

std::string limit_text(const char* name, std::optional<int64_t> value, bool bytes) {
  if (!value) return {};
  return fmt::format(" {}={}", name,
                     bytes ? bytes_text(static_cast<uint64_t>(*value)) : std::to_string(*value));
}

std::string limits_line(const char* who, const runtime::cgroup::Limits& limits) {
  if (limits.empty()) return {};
  std::string line = fmt::format("cgroup of the {}:", who);
  if (limits.cpus) line += " cpus=" + *limits.cpus;
  if (limits.mems) line += " mems=" + *limits.mems;
  line += limit_text("memory", limits.memory_bytes, true);
  line += limit_text("pids", limits.pids, false);
  return line + "\n";
}

// What the job gets of one cache: `  ways 0xf (4) for the job, 0x7f0 (7) stay with the default
// group`.
std::string granted_line(const rdt::GrantedDomain& domain) {
  std::string line = fmt::format("  ways {:#x} ({}) for the job", domain.slot.ways.bits(),
                                 domain.slot.ways.count());
  if (!domain.slot.code.empty()) {
    line += fmt::format(" ({:#x} for data, {:#x} for code)", domain.slot.data().bits(),
                        domain.slot.code.bits());
  }
  return line + fmt::format(", {:#x} ({}) stay with the default group\n",
                            domain.default_group.bits(), domain.default_group.count());
}

const rdt::GrantedDomain* find(const std::optional<DryRun>& got, rdt::Cache cache,
                               std::optional<unsigned> id) {
  if (!got || !id) return nullptr;
  for (const rdt::GrantedDomain& domain : got->domains) {
    if (domain.cache == cache && domain.id == *id) return &domain;
  }
  return nullptr;
}

std::string domain_lines(const std::optional<DryRun>& got, const PlacedDomain& placed) {
  std::string text =
      fmt::format("socket {}, L3 {} ({}): CPUs {}\n", placed.domain.package, id_text(placed.domain),
                  bytes_text(placed.domain.bytes), placed.cpus.to_list());
  const auto* domain = find(got, rdt::Cache::l3, placed.domain.cache_id);
  return domain == nullptr ? text : text + granted_line(*domain);
}

std::string l2_lines(const std::optional<DryRun>& got, const topology::PlacedL2& placed) {
  const auto* domain = find(got, rdt::Cache::l2, placed.domain.cache_id);
  if (domain == nullptr) return {};
  return fmt::format("L2 {} ({}): CPUs {}\n", *placed.domain.cache_id,
                     bytes_text(placed.domain.bytes), placed.cpus.to_list()) +
         granted_line(*domain);
}

std::string moved_line(const rdt::Moved& moved) {
  return fmt::format("to make room '{}' is moved from {:#x} to {:#x} in {} {}\n", moved.holder,
                     moved.from.bits(), moved.to.bits(), rdt::name_of(moved.cache), moved.domain);
}

Json limits_json(const runtime::cgroup::Limits& limits) {
  Json json = Json::object();
  if (limits.cpus) json["cpus"] = *limits.cpus;
  if (limits.mems) json["mems"] = *limits.mems;
  if (limits.memory_bytes) json["memory"] = *limits.memory_bytes;
  if (limits.pids) json["pids"] = *limits.pids;
  return json;
}

Json domain_json(const std::optional<DryRun>& got, const PlacedDomain& placed) {
  Json json = {{"socket", placed.domain.package},
               {"cacheId", placed.domain.cache_id ? Json(*placed.domain.cache_id) : Json()},
               {"bytes", placed.domain.bytes},
               {"cpus", placed.cpus.to_list()}};
  if (const auto* domain = find(got, rdt::Cache::l3, placed.domain.cache_id)) {
    json["ways"] = domain->slot.ways.count();
    json["mask"] = domain->slot.ways.to_hex();
    if (!domain->slot.code.empty()) {
      json["codeMask"] = domain->slot.code.to_hex();
      json["dataMask"] = domain->slot.data().to_hex();
    }
    json["defaultMask"] = domain->default_group.to_hex();
  }
  return json;
}

Json l2_json(const std::optional<DryRun>& got) {
  Json list = Json::array();
  if (!got) return list;
  for (const rdt::GrantedDomain& domain : got->domains) {
    if (domain.cache != rdt::Cache::l2) continue;
    list.push_back({{"cacheId", domain.id},
                    {"ways", domain.slot.ways.count()},
                    {"mask", domain.slot.ways.to_hex()},
                    {"defaultMask", domain.default_group.to_hex()}});
  }
  return list;
}

Json moves_json(const std::optional<DryRun>& got) {
  Json list = Json::array();
  if (!got) return list;
  for (const rdt::Moved& moved : got->grant.moved) {
    list.push_back({{"holder", moved.holder},
                    {"cache", rdt::name_of(moved.cache)},
                    {"cacheId", moved.domain},
                    {"from", moved.from.to_hex()},
                    {"to", moved.to.to_hex()}});
  }
  return list;
}

}  // namespace

std::string to_text(const Plan& plan, const Request& request, const std::optional<DryRun>& got) {
  std::string text = fmt::format("CPUs {}\n", plan.placement.cpus.to_list());
  if (!request.rdt.empty()) text += fmt::format("asked: {}\n", request.rdt.text());
  for (const PlacedDomain& placed : plan.placement.domains) text += domain_lines(got, placed);
  for (const topology::PlacedL2& placed : plan.placement.l2) text += l2_lines(got, placed);
  if (got) {
    text += fmt::format("group '{}'{}\n", got->grant.group,
                        got->grant.packed ? ", which others have too" : "");
    for (const rdt::Moved& moved : got->grant.moved) text += moved_line(moved);
  }
  if (!plan.placement.without_l3.empty()) {
    text += fmt::format("no L3: CPUs {}\n", plan.placement.without_l3.to_list());
  }
  text += limits_line("job", plan.job) + limits_line("task", plan.task);
  for (const std::string& warning : plan.warnings) text += "warning: " + warning + "\n";
  return text;
}

std::string to_json(const Plan& plan, const Request& request, const std::optional<DryRun>& got) {
  Json json = {{"cpus", plan.placement.cpus.to_list()},
               {"numaNodes", plan.placement.numa_nodes},
               {"l3", Json::array()},
               {"ownCgroup", plan.own_cgroup},
               {"job", limits_json(plan.job)},
               {"task", limits_json(plan.task)},
               {"warnings", plan.warnings}};
  if (!request.rdt.empty()) json["asked"] = request.rdt.text();
  for (const PlacedDomain& placed : plan.placement.domains) {
    json["l3"].push_back(domain_json(got, placed));
  }
  if (got) {
    json["l2"] = l2_json(got);
    json["group"] = got->grant.group;
    json["packed"] = got->grant.packed;
    json["moves"] = moves_json(got);
  }
  return json.dump(2) + "\n";
}

}  // namespace berth::launcher
