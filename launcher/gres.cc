#include "launcher/gres.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>

#include "base/error.h"
#include "rdt/room.h"
#include "topology/placement.h"

namespace berth::launcher {
namespace {

using rdt::Cache;

void check_name(const std::string& name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_,[]";
  if (!name.empty() && name.find_first_not_of(kAllowed) == std::string::npos) return;
  throw Error(
      fmt::format("--node: '{}': allowed are names as in slurm.conf, such as n1 or n[1-4]", name));
}

const rdt::CacheCapability& divided_l3(const NodeFacts& facts) {
  if (!facts.capability) {
    throw Error("no RDT on this node: resctrl is not mounted at /sys/fs/resctrl (berth doctor)");
  }
  if (!facts.capability->caches.l3 || facts.capability->max_groups == 0) {
    throw Error("this node's RDT cannot partition L3 (berth doctor)");
  }
  return *facts.capability->caches.l3;
}

// Ours are of jobs; one of ours that no ledger knows is only still to be reaped.
std::vector<rdt::Foreign> strangers_of(const NodeFacts& facts) {
  std::vector<rdt::Foreign> strangers = facts.kernel.foreign;
  std::erase_if(strangers, [](const rdt::Foreign& group) {
    return group.name.starts_with(rdt::kGroupPrefix);
  });
  return strangers;
}

// Without groups of ours; the default group has what it had before them.
rdt::Layout idle_layout(const NodeFacts& facts) {
  rdt::Layout idle;
  idle.original =
      facts.layout.groups.empty() ? facts.kernel.default_group.masks : facts.layout.original;
  return idle;
}

// Slurm's numbers of the cores under the cache.
std::string cores_of(const topology::Machine& machine, const topology::L3Domain& domain) {
  topology::CpuSet numbers;
  std::set<unsigned> sockets;
  for (size_t core = 0; core < machine.cores().size(); ++core) {
    if (!machine.cores()[core].cpus.intersects(domain.cpus)) continue;
    numbers.insert(static_cast<unsigned>(core));
    sockets.insert(machine.cores()[core].package);
  }
  if (sockets.size() > 1) {
    throw Error(fmt::format("the L3 of CPUs {} belongs to sockets {}: Slurm counts by socket",
                            domain.cpus.to_list(), fmt::join(sockets, " and ")));
  }
  return numbers.to_list();
}

unsigned most_of(const rdt::Room& room) {
  unsigned most = room.free().count();
  while (most > 0 && !rdt::place_exclusive(room, most)) --most;
  return most;
}

GresCache cache_of(const NodeFacts& facts, const topology::L3Domain& domain,
                   std::span<const rdt::Foreign> strangers, const rdt::Rules& rules) {
  const rdt::CacheCapability& l3 = *facts.capability->caches.l3;
  const auto index = l3.index_of(*domain.cache_id);
  if (!index) {
    throw Error(fmt::format("L3 {}: resctrl does not know it (it has {}; berth doctor)",
                            *domain.cache_id, fmt::join(l3.domains, ", ")));
  }
  const rdt::Room room = rdt::survey(l3, idle_layout(facts), strangers, Cache::l3, *index, rules);
  GresCache cache;
  cache.id = *domain.cache_id;
  cache.socket = domain.package;
  cache.cores = cores_of(facts.machine, domain);
  cache.way_bytes = domain.bytes / l3.full.count();
  cache.free = room.free();
  cache.most = most_of(room);
  cache.io = room.io;
  cache.floor = room.floor;
  cache.foreign = room.foreign;
  return cache;
}

std::string described(const GresCache& cache) {
  std::string text = fmt::format("L3 {} has {} ways for jobs", cache.id, cache.free.count());
  if (cache.most < cache.free.count()) text += fmt::format(" ({} side by side)", cache.most);
  if (cache.way_bytes > 0) text += fmt::format(", each of {} KiB", cache.way_bytes >> 10);
  return text;
}

void check_alike(const GresCache& first, const GresCache& other) {
  if (first.free.count() == other.free.count() && first.most == other.most &&
      first.way_bytes == other.way_bytes) {
    return;
  }
  throw Error(fmt::format("{}; {}: l3way counts only L3s that are alike", described(first),
                          described(other)));
}

}  // namespace

GresNode gres_of(const NodeFacts& facts, const rdt::Rules& rules, const std::string& node) {
  check_name(node);
  GresNode result;
  result.name = node;
  result.ways = divided_l3(facts).full.count();
  result.kernel_exclusive = rules.kernel_exclusive;
  const topology::Machine& machine = facts.machine;
  // Throws where a cache has no id or another's.
  (void)topology::l3_shares(topology::place(machine, machine.cpus()));
  const std::vector<rdt::Foreign> strangers = strangers_of(facts);
  for (const rdt::Foreign& group : strangers) result.strangers.push_back(group.name);
  std::set<unsigned> sockets;
  for (const topology::L3Domain& domain : machine.l3()) {
    result.caches.push_back(cache_of(facts, domain, strangers, rules));
    check_alike(result.caches.front(), result.caches.back());
    if (!sockets.insert(domain.package).second) result.per_cache = true;
  }
  if (result.caches.empty()) throw Error("this machine has no L3 cache");
  if (result.caches.front().free.empty()) {
    throw Error(
        fmt::format("none of the {} ways of an L3 is left for jobs (berth doctor)", result.ways));
  }
  return result;
}

}  // namespace berth::launcher
