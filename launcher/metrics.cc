#include "launcher/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "rdt/room.h"

namespace berth::launcher {
namespace {

using rdt::Cache;
using Labels = std::vector<std::pair<const char*, std::string>>;

// Of a label's value; a help text has none of these.
std::string escaped(const std::string& value) {
  std::string text;
  for (const char c : value) {
    if (c == '\n') {
      text += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') text += '\\';
    text += c;
  }
  return text;
}

// One metric: its head and its samples stand together.
class Metric {
 public:
  Metric(const char* name, const char* type, const char* help)
      : name_(name), text_(fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help)) {}
  void add(uint64_t value, const Labels& labels = {}) {
    std::string list;
    for (const auto& [label, text] : labels) {
      list += fmt::format("{}{}=\"{}\"", list.empty() ? "" : ",", label, escaped(text));
    }
    text_ += name_;
    if (!list.empty()) text_ += "{" + list + "}";
    text_ += fmt::format(" {}\n", value);
    any_ = true;
  }
  // Empty where there is no sample.
  std::string text() const { return any_ ? text_ : std::string(); }

 private:
  const char* name_;
  std::string text_;
  bool any_ = false;
};

const char* hold_text(rdt::Hold hold) {
  switch (hold) {
    case rdt::Hold::exclusive:
      return "exclusive";
    case rdt::Hold::shared:
      return "shared";
    case rdt::Hold::as_default:
      return "default";
    case rdt::Hold::none:
      break;
  }
  return "none";
}

Labels cache_labels(Cache which, unsigned id) {
  return {{"cache", std::string(rdt::name_of(which))}, {"cache_id", std::to_string(id)}};
}

template <class Visit>
void for_each_domain(const NodeFacts& facts, const Visit& visit) {
  for (const Cache which : rdt::kCaches) {
    const auto& cache = facts.capability->caches[which];
    for (size_t i = 0; cache && i < cache->domains.size(); ++i) visit(*cache, which, i);
  }
}

std::string claim_ways(const NodeFacts& facts) {
  Metric metric("berth_claim_ways", "gauge", "Cache ways that a claim may fill.");
  for_each_domain(facts, [&](const rdt::CacheCapability& cache, Cache which, size_t domain) {
    for (const rdt::Clos& group : facts.layout.groups) {
      for (const rdt::Member& member : group.members) {
        const auto& domains = member.domains[which];
        if (std::ranges::find(domains, domain) == domains.end()) continue;
        Labels labels{{"claim", member.claim},
                      {"hold", hold_text(group.slots[which][domain].hold)}};
        for (auto& label : cache_labels(which, cache.domains[domain])) labels.push_back(label);
        metric.add(rdt::masks_of(cache, facts.layout, group, which, domain).all().count(), labels);
      }
    }
  });
  return metric.text();
}

std::string node_ways(const NodeFacts& facts, const rdt::Rules& rules) {
  Metric all("berth_cache_ways", "gauge", "Cache ways that there are.");
  Metric rest("berth_default_group_ways", "gauge", "Cache ways that the default group may fill.");
  Metric free("berth_free_ways", "gauge", "Cache ways that a claim could still have for itself.");
  for_each_domain(facts, [&](const rdt::CacheCapability& cache, Cache which, size_t domain) {
    const Labels labels = cache_labels(which, cache.domains[domain]);
    all.add(cache.full.count(), labels);
    rest.add(facts.kernel.default_group.masks[which][domain].all().count(), labels);
    const rdt::Room room =
        rdt::survey(cache, facts.layout, facts.kernel.foreign, which, domain, rules);
    free.add(room.free().count(), labels);
  });
  return all.text() + rest.text() + free.text();
}

std::string identifiers(const NodeFacts& facts, unsigned rmids_used) {
  // The default group has one too.
  Metric closids("berth_closids", "gauge", "Classes of service that the node has.");
  closids.add(facts.capability->max_groups + 1);
  Metric used("berth_closids_used", "gauge", "Classes of service that groups have.");
  used.add(1 + facts.kernel.groups.size() + facts.kernel.foreign.size());
  Metric foreign("berth_foreign_groups", "gauge", "Groups that other programs made.");
  foreign.add(facts.kernel.foreign.size());
  std::string text = closids.text() + used.text() + foreign.text();
  if (!facts.capability->monitor) return text;
  Metric rmids("berth_rmids", "gauge", "Monitoring ids that the node has.");
  rmids.add(facts.capability->monitor->num_rmids);
  Metric rmids_in_use("berth_rmids_used", "gauge", "Monitoring ids that groups have.");
  rmids_in_use.add(rmids_used);
  return text + rmids.text() + rmids_in_use.text();
}

// A series for each monitor group, since a claim's sum falls when one of its steps ends, which
// would pass for a counter that began anew.
std::string counters(const std::vector<CountedHolder>& counted) {
  Metric occupancy("berth_llc_occupancy_bytes", "gauge", "Bytes of an L3 cache that are in use.");
  Metric all("berth_memory_traffic_bytes_total", "counter",
             "Bytes between an L3 cache and memory, local and remote.");
  Metric local("berth_memory_traffic_local_bytes_total", "counter",
               "Bytes between an L3 cache and memory of the same node.");
  for (const CountedHolder& holder : counted) {
    const bool claim = holder.kind == HolderKind::claim;
    for (const Counter& counter : holder.counters) {
      for (const rdt::DomainFigures& of : counter.domains) {
        const Labels labels{{"claim", claim ? holder.name : ""},
                            {"group", counter.group},
                            {"monitor", counter.monitor},
                            {"cache_id", std::to_string(of.domain)}};
        if (of.llc_occupancy) occupancy.add(*of.llc_occupancy, labels);
        if (of.mbm_total_bytes) all.add(*of.mbm_total_bytes, labels);
        if (of.mbm_local_bytes) local.add(*of.mbm_local_bytes, labels);
      }
    }
  }
  return occupancy.text() + all.text() + local.text();
}

}  // namespace

std::string to_prometheus(const NodeFacts& facts, const std::vector<CountedHolder>& counted,
                          unsigned rmids_used, const rdt::Rules& rules) {
  Metric mounted("berth_resctrl_mounted", "gauge", "1 where the node's caches can be divided.");
  mounted.add(facts.capability ? 1 : 0);
  if (!facts.capability) return mounted.text();
  return mounted.text() + node_ways(facts, rules) + claim_ways(facts) +
         identifiers(facts, rmids_used) + counters(counted);
}

}  // namespace berth::launcher
