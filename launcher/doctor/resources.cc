// What this mount of resctrl can do, and how much of it is left.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "launcher/doctor/findings.h"
#include "rdt/amount.h"
#include "rdt/schemata.h"

namespace berth::launcher {
namespace {

using rdt::Cache;

std::string caches_text(const std::vector<unsigned>& ids) {
  return fmt::format("cache{} {}", ids.size() == 1 ? "" : "s", fmt::join(ids, ","));
}

void describe_cache(const rdt::CacheCapability& cache, Cache which,
                    std::vector<Finding>& findings) {
  std::string text =
      fmt::format("{} ways, at least {} for each, {} CLOSIDs, {}", cache.full.count(),
                  cache.min_ways, cache.num_closids, caches_text(cache.domains));
  if (cache.sparse) text += ", masks may have holes";
  if (cache.code_data) {
    text += fmt::format("; mounted with {}: code and data apart, and half as many CLOSIDs",
                        which == Cache::l3 ? "cdp" : "cdpl2");
  }
  findings.push_back({Level::ok, std::string(rdt::name_of(which)), std::move(text), {}});
  if (cache.shareable.empty()) return;
  findings.push_back(
      {Level::ok,
       std::string(rdt::name_of(which)),
       fmt::format("I/O may fill ways {:#x} ({}) too: they are not handed out unless "
                   "the policy says so",
                   cache.shareable.bits(), cache.shareable.count()),
       {}});
}

void describe_throttle(const rdt::BandwidthCapability& throttle, std::string_view name,
                       std::vector<Finding>& findings) {
  using Unit = rdt::BandwidthCapability::Unit;
  std::string text;
  switch (throttle.unit) {
    case Unit::percent:
      text = fmt::format("per cent of a core's rate, from {} up in steps of {}", throttle.min,
                         throttle.granularity);
      break;
    case Unit::eighth_gb:
      text = "eighths of a GB/s";
      break;
    case Unit::mib:
      text = "MiB/s, held by the kernel's feedback loop (mounted with mba_MBps)";
      break;
  }
  text += fmt::format(", {} CLOSIDs, {}", throttle.num_closids, caches_text(throttle.domains));
  findings.push_back({Level::ok, std::string(name), std::move(text), {}});
}

struct Missing {
  const char *flag, *resource, *argument;  // the kernel's, of `rdt=`
  bool is_there;
};

bool counts(const rdt::Capability& capability, const char* event) {
  return capability.monitor &&
         std::ranges::find(capability.monitor->events, event) != capability.monitor->events.end();
}

// What the CPU has and the kernel does not offer. On model 85 (Skylake-SP, Cascade Lake) it keeps
// L3 allocation switched off unless told otherwise, on early steppings monitoring too
// (arch/x86/kernel/cpu/resctrl/core.c, __check_quirks_intel).
void examine_missing(const DoctorFacts& facts, std::vector<Finding>& findings) {
  if (!facts.cpu) return;
  const rdt::Capability& capability = *facts.node.capability;
  const bool model85 =
      facts.cpu->vendor == "GenuineIntel" && facts.cpu->family == 6 && facts.cpu->model == 85;
  const Missing all[] = {
      {"cat_l3", "L3", "l3cat", capability.caches.l3.has_value()},
      {"cat_l2", "L2", "l2cat", capability.caches.l2.has_value()},
      {"mba", "MB", "mba", capability.throttles.mb.has_value()},
      {"cqm_occup_llc", "llc_occupancy", "cmt", counts(capability, "llc_occupancy")},
      {"cqm_mbm_total", "mbm_total_bytes", "mbmtotal", counts(capability, "mbm_total_bytes")},
      {"cqm_mbm_local", "mbm_local_bytes", "mbmlocal", counts(capability, "mbm_local_bytes")}};
  for (const Missing& one : all) {
    if (one.is_there || !facts.cpu->has(one.flag)) continue;
    findings.push_back(
        {one.resource == std::string_view("L3") ? Level::problem : Level::note, one.resource,
         fmt::format("the CPU has it ({}), the kernel keeps it switched off{}", one.flag,
                     model85 ? ": it does so on this model for its errata" : ""),
         fmt::format("add rdt={} to GRUB_CMDLINE_LINUX in /etc/default/grub, then: update-grub && "
                     "reboot",
                     one.argument)});
  }
}

std::string closid_counts(const rdt::Capability& capability) {
  std::vector<std::string> parts;
  for (const Cache cache : rdt::kCaches) {
    const auto& one = capability.caches[cache];
    if (one) parts.push_back(fmt::format("{} {}", rdt::name_of(cache), one->num_closids));
  }
  for (const rdt::Throttle throttle : rdt::kThrottles) {
    const auto& one = capability.throttles[throttle];
    if (one) parts.push_back(fmt::format("{} {}", rdt::name_of(throttle), one->num_closids));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

void examine_closids(const DoctorFacts& facts, std::vector<Finding>& findings) {
  const rdt::Capability& capability = *facts.node.capability;
  if (capability.max_groups == 0) {
    findings.push_back({Level::problem, "CLOSIDs", "no group can be made beside the default one",
                        "cat /sys/fs/resctrl/info/*/num_closids"});
    return;
  }
  const size_t ours = facts.node.kernel.groups.size(), others = facts.node.kernel.foreign.size();
  const size_t left =
      capability.max_groups - std::min<size_t>(capability.max_groups, ours + others);
  const std::string text = fmt::format(
      "{} groups may be beside the default one, the least of {}, less one: {} are berth's, {} "
      "others', {} left",
      capability.max_groups, closid_counts(capability), ours, others, left);
  if (left > 0) {
    findings.push_back({Level::ok, "CLOSIDs", text, {}});
  } else {
    findings.push_back(
        {Level::note, "CLOSIDs", text + ": a claim that needs a group is refused", "berth show"});
  }
}

void examine_rmids(const DoctorFacts& facts, std::vector<Finding>& findings) {
  const auto& monitor = facts.node.capability->monitor;
  if (!monitor) {
    findings.push_back({Level::note, "RMIDs", "this mount counts neither occupancy nor bandwidth",
                        "berth does without; berth top needs them"});
    return;
  }
  const unsigned left = monitor->num_rmids - std::min(monitor->num_rmids, facts.rmids_used);
  const std::string text =
      fmt::format("{} of {} in use, {} left", facts.rmids_used, monitor->num_rmids, left);
  if (left > 1) {
    findings.push_back({Level::ok, "RMIDs", text, {}});
  } else if (left == 1) {
    findings.push_back(
        {Level::ok, "RMIDs", text + ": a claim with a group of its own has no monitor group", {}});
  } else {
    findings.push_back({Level::note, "RMIDs", text + ": a claim that takes ways is refused",
                        "ls -d /sys/fs/resctrl/mon_groups/* /sys/fs/resctrl/*/mon_groups/*"});
  }
  if (facts.sub_numa) {
    findings.push_back(
        {Level::ok,
         "sub-NUMA",
         "an L3 serves several memory nodes: a way is a part of each of them, and the "
         "RMIDs are divided among them",
         {}});
  }
}

// hwloc's ids of the caches of a level. Those without one are told.
template <class Domains>
std::set<unsigned> ids_of(const Domains& domains, int level, std::vector<Finding>& findings) {
  std::set<unsigned> known;
  for (const auto& domain : domains) {
    if (domain.cache_id) {
      known.insert(*domain.cache_id);
      continue;
    }
    const unsigned cpu = domain.cpus.empty() ? 0 : domain.cpus.cpus().front();
    findings.push_back(
        {Level::problem, "topology",
         fmt::format("the L{} of CPUs {} has no id: nothing of it can be handed out", level,
                     domain.cpus.to_list()),
         fmt::format("cat /sys/devices/system/cpu/cpu{}/cache/index{}/id", cpu, level)});
  }
  return known;
}

// `known` are ids of that level, by which resctrl counts `resource`.
void compare_ids(const std::set<unsigned>& known, int level, std::string_view resource,
                 const std::vector<unsigned>& domains, std::vector<Finding>& findings) {
  const bool is_cache = rdt::is_cache_resource(resource);
  if (std::ranges::equal(known, domains)) {
    findings.push_back(
        {Level::ok,
         "topology",
         fmt::format("hwloc and resctrl agree on {} {}", resource, caches_text(domains)),
         {}});
    return;
  }
  findings.push_back(
      {Level::problem, "topology",
       fmt::format("hwloc knows L{} {}, resctrl{} {}: what they do not share cannot be {}", level,
                   caches_text({known.begin(), known.end()}),
                   is_cache ? "" : fmt::format("'s {}", resource), caches_text(domains),
                   is_cache ? "handed out" : "limited"),
       fmt::format("lstopo --only l{} --of console -p; cat /sys/fs/resctrl/schemata", level)});
}

void examine_ids(const DoctorFacts& facts, std::vector<Finding>& findings) {
  const rdt::Capability& capability = *facts.node.capability;
  const topology::Machine& machine = facts.node.machine;
  const auto& caches = capability.caches;
  if (caches.l2) {
    compare_ids(ids_of(machine.l2(), 2, findings), 2, "L2", caches.l2->domains, findings);
  }
  if (!caches.l3 && !capability.throttles.mb && !capability.throttles.smba) return;
  const std::set<unsigned> known = ids_of(machine.l3(), 3, findings);
  if (caches.l3) compare_ids(known, 3, "L3", caches.l3->domains, findings);
  for (const rdt::Throttle throttle : rdt::kThrottles) {
    const auto& one = capability.throttles[throttle];
    if (one) compare_ids(known, 3, rdt::name_of(throttle), one->domains, findings);
  }
}

}  // namespace

void examine_resources(const DoctorFacts& facts, std::vector<Finding>& findings) {
  const rdt::Capability& capability = *facts.node.capability;
  for (const Cache cache : rdt::kCaches) {
    if (capability.caches[cache]) describe_cache(*capability.caches[cache], cache, findings);
  }
  for (const rdt::Throttle throttle : rdt::kThrottles) {
    const auto& one = capability.throttles[throttle];
    if (one) describe_throttle(*one, rdt::name_of(throttle), findings);
  }
  examine_missing(facts, findings);
  examine_closids(facts, findings);
  examine_rmids(facts, findings);
  examine_ids(facts, findings);
}

}  // namespace berth::launcher
