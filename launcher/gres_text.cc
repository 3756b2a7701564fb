#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "launcher/gres.h"

namespace berth::launcher {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kPerCache = "l3cache_as_socket";

std::string gres_of_node(const GresNode& node) {
  return fmt::format("l3way:{}", node.caches.front().free.count() * node.caches.size());
}

std::string mask_text(rdt::WayMask ways) {
  return fmt::format("{:#x} ({})", ways.bits(), ways.count());
}

// Whose the other ways are; what two have is named with both.
std::string others_of(const GresNode& node) {
  const GresCache& cache = node.caches.front();
  std::string text;
  const auto add = [&](rdt::WayMask ways, const std::string& whose) {
    if (ways.empty()) return;
    text += fmt::format("{} {} {}", text.empty() ? "; not" : ",", mask_text(ways), whose);
  };
  add(cache.io, "that I/O fills too");
  add(cache.floor, "of the default group");
  add(cache.foreign, fmt::format("of {}", fmt::join(node.strangers, " and ")));
  return text;
}

std::string remarks_on(const GresNode& node) {
  std::string text = fmt::format("# {}: each L3 has {} ways", node.name, node.ways);
  if (const uint64_t bytes = node.caches.front().way_bytes; bytes > 0) {
    text += fmt::format(" of {} KiB", bytes >> 10);
  }
  text +=
      fmt::format(". Jobs can have {}{}\n", mask_text(node.caches.front().free), others_of(node));
  if (node.caches.front().most < node.caches.front().free.count()) {
    text += fmt::format("# They do not lie side by side: one job can have {}\n",
                        node.caches.front().most);
  }
  if (node.kernel_exclusive) {
    text +=
        "# kernelExclusive: a group also takes a way of each L3 where it has no CPUs, which is "
        "not counted\n";
  }
  return text;
}

std::string slurm_conf(const GresNode& node) {
  std::string text =
      "# slurm.conf, on all hosts: l3way beside other GresTypes, Gres= on the node's own line\n"
      "GresTypes=l3way\n";
  if (node.per_cache) {
    text += fmt::format(
        "# A socket has several L3: with this each is one to Slurm, in Sockets= too, {} in all\n"
        "SlurmdParameters={}\n",
        node.caches.size(), kPerCache);
  }
  return text + fmt::format("NodeName={} Gres={}\n", node.name, gres_of_node(node));
}

}  // namespace

std::vector<std::string> gres_conf(const GresNode& node) {
  // A file for each way: slurmctld 22.05 keeps the cores of records with files alone.
  std::string files;
  const unsigned count = node.caches.front().free.count();
  for (unsigned way = 0; way < count; ++way) files += way == 0 ? "/dev/null" : ",/dev/null";
  std::vector<std::string> lines;
  for (const GresCache& cache : node.caches) {
    lines.push_back(fmt::format("NodeName={} Name=l3way Cores={} Flags=CountOnly File={}",
                                node.name, cache.cores, files));
  }
  return lines;
}

std::string job_submit_entry(const GresNode& node) {
  std::string text =
      fmt::format(R"(["*"] = {{ ways = {}, grantable = {})", node.ways, node.caches.front().most);
  if (const uint64_t bytes = node.caches.front().way_bytes; bytes > 0) {
    text += bytes % 1024 == 0 ? fmt::format(", way_bytes = {} * 1024", bytes / 1024)
                              : fmt::format(", way_bytes = {}", bytes);
  }
  return text + " },";
}

std::string to_text(const GresNode& node) {
  return fmt::format(
      "{}\n{}\n"
      "# gres.conf, on all hosts\n{}\n\n"
      "-- job_submit.lua, on slurmctld's host; \"*\": any partition without an entry\n"
      "local l3_of = {{\n  {}\n}}\n",
      remarks_on(node), slurm_conf(node), fmt::join(gres_conf(node), "\n"), job_submit_entry(node));
}

std::string to_json(const GresNode& node) {
  Json caches = Json::array();
  for (const GresCache& cache : node.caches) {
    caches.push_back({{"cacheId", cache.id},
                      {"socket", cache.socket},
                      {"cores", cache.cores},
                      {"free", cache.free.to_hex()},
                      {"count", cache.free.count()}});
  }
  const uint64_t bytes = node.caches.front().way_bytes;
  const Json json = {{"node", node.name},
                     {"gresTypes", "l3way"},
                     {"gres", gres_of_node(node)},
                     {"slurmdParameters", node.per_cache ? Json(kPerCache) : Json()},
                     {"gresConf", gres_conf(node)},
                     {"ways", node.ways},
                     {"grantable", node.caches.front().most},
                     {"wayBytes", bytes > 0 ? Json(bytes) : Json()},
                     {"l3", std::move(caches)}};
  return json.dump(2) + "\n";
}

}  // namespace berth::launcher
