#include "launcher/rdt_stats.h"

#include <cerrno>
#include <string_view>

#include "base/error.h"
#include "rdt/monitoring.h"

namespace berth::launcher {
namespace {

using runtime::resources::RdtStats;

// The lines of the resources whose names begin so: `L3`, or on a mount with cdp `L3CODE` and
// `L3DATA`.
std::string lines_of(const rdt::Schemata& schemata, std::string_view prefix) {
  rdt::Schemata chosen;
  for (const auto& [name, values] : schemata.resources) {
    if (name.starts_with(prefix)) chosen.resources[name] = values;
  }
  std::string lines = rdt::format_schemata(chosen);
  if (!lines.empty()) lines.pop_back();
  return lines;
}

void add_figures(const rdt::Group& group, RdtStats& stats) {
  for (const rdt::DomainFigures& of : group.figures()) {
    if (of.llc_occupancy) stats.occupancy.push_back(*of.llc_occupancy);
    if (!of.mbm_total_bytes && !of.mbm_local_bytes) continue;
    stats.mbm.push_back({.total_bytes = of.mbm_total_bytes.value_or(0),
                         .local_bytes = of.mbm_local_bytes.value_or(0)});
  }
}

}  // namespace

RdtStats rdt_stats(const rdt::Resctrl& resctrl, const rdt::Group& group,
                   const rdt::Group& counted) {
  const rdt::Capability capability = resctrl.capability();
  const rdt::Schemata all = resctrl.default_group().schemata();
  const rdt::Schemata own = group.schemata();
  RdtStats stats;
  if (const auto& l3 = capability.caches.l3) {
    stats.cache = {.cbm_mask = l3->full.to_hex(),
                   .min_cbm_bits = l3->min_ways,
                   .num_closids = l3->num_closids};
  }
  if (const auto& mb = capability.throttles.mb) {
    stats.bandwidth = {.granularity = static_cast<unsigned>(mb->granularity),
                       .min = static_cast<unsigned>(mb->min),
                       .num_closids = mb->num_closids};
  }
  stats.cache_schema_root = lines_of(all, "L3");
  stats.cache_schema = lines_of(own, "L3");
  stats.bandwidth_schema_root = lines_of(all, "MB");
  stats.bandwidth_schema = lines_of(own, "MB");
  add_figures(counted, stats);
  return stats;
}

RdtStats rdt_stats_of(const runtime::Record& record) {
  const auto& own = record.cache_group;
  const auto name = rdt::control_group_of(record.pid);
  if (!name || (name->empty() && !own)) return {};
  const auto resctrl = rdt::Resctrl::open();
  if (!resctrl) return {};
  const std::optional<rdt::Group> group =
      name->empty() ? resctrl->default_group() : resctrl->find(*name);
  if (!group) return {};
  try {
    const auto monitor =
        own && !own->monitor.empty() ? group->find_monitor(own->monitor) : std::nullopt;
    return rdt_stats(*resctrl, *group, monitor ? *monitor : *group);
  } catch (const Error& e) {
    if (e.code() == ENOENT || e.code() == ENODEV) return {};  // removed meanwhile
    throw;
  }
}

}  // namespace berth::launcher
