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

std::string domain_lines(const Plan& plan, const PlacedDomain& placed) {
  std::string text =
      fmt::format("socket {}, L3 {} ({}): CPUs {}\n", placed.domain.package, id_text(placed.domain),
                  bytes_text(placed.domain.bytes), placed.cpus.to_list());
  if (!plan.grant || !placed.domain.cache_id) return text;
  const unsigned id = *placed.domain.cache_id;
  const rdt::WayMask job = plan.grant->job.at(id);
  text += fmt::format("  ways {:#x} ({}) for the job, {:#x} ({}) stay with the default group\n",
                      job.bits(), job.count(), plan.grant->default_group.at(id).bits(),
                      plan.grant->default_group.at(id).count());
  return text;
}

Json limits_json(const runtime::cgroup::Limits& limits) {
  Json json = Json::object();
  if (limits.cpus) json["cpus"] = *limits.cpus;
  if (limits.mems) json["mems"] = *limits.mems;
  if (limits.memory_bytes) json["memory"] = *limits.memory_bytes;
  if (limits.pids) json["pids"] = *limits.pids;
  return json;
}

Json domain_json(const Plan& plan, const PlacedDomain& placed) {
  Json json = {{"socket", placed.domain.package},
               {"cacheId", placed.domain.cache_id ? Json(*placed.domain.cache_id) : Json()},
               {"bytes", placed.domain.bytes},
               {"cpus", placed.cpus.to_list()}};
  if (plan.grant && placed.domain.cache_id) {
    const unsigned id = *placed.domain.cache_id;
    json["ways"] = plan.grant->ways.at(id);
    json["mask"] = plan.grant->job.at(id).to_hex();
    json["defaultMask"] = plan.grant->default_group.at(id).to_hex();
  }
  return json;
}

}  // namespace

std::string to_text(const Plan& plan, const Request& request) {
  std::string text = fmt::format("CPUs {}\n", plan.placement.cpus.to_list());
  if (request.l3) {
    text += fmt::format("L3 asked: {}, {}\n", rdt::to_string(*request.l3),
                        request.l3_shared ? "shared" : "exclusive");
  }
  for (const PlacedDomain& placed : plan.placement.domains) text += domain_lines(plan, placed);
  if (!plan.placement.without_l3.empty()) {
    text += fmt::format("no L3: CPUs {}\n", plan.placement.without_l3.to_list());
  }
  text += limits_line("job", plan.job) + limits_line("task", plan.task);
  for (const std::string& warning : plan.warnings) text += "warning: " + warning + "\n";
  return text;
}

std::string to_json(const Plan& plan, const Request& request) {
  Json json = {{"cpus", plan.placement.cpus.to_list()},
               {"numaNodes", plan.placement.numa_nodes},
               {"l3", Json::array()},
               {"ownCgroup", plan.own_cgroup},
               {"job", limits_json(plan.job)},
               {"task", limits_json(plan.task)},
               {"warnings", plan.warnings}};
  if (request.l3) {
    json["asked"] = {{"l3", rdt::to_string(*request.l3)}, {"shared", request.l3_shared}};
  }
  for (const PlacedDomain& placed : plan.placement.domains) {
    json["l3"].push_back(domain_json(plan, placed));
  }
  return json.dump(2) + "\n";
}

}  // namespace berth::launcher
