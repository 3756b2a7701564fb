#include "topology/placement.h"

#include <fmt/format.h>

#include "base/error.h"

namespace berth::topology {

Placement place(const Machine& machine, const CpuSet& cpus) {
  if (!cpus.is_subset_of(machine.cpus())) {
    throw Error(fmt::format("CPUs '{}' are not on this machine, which has '{}'",
                            cpus.minus(machine.cpus()).to_list(), machine.cpus().to_list()));
  }
  Placement placement;
  placement.cpus = cpus;
  placement.without_l3 = cpus;
  for (const L3Domain& domain : machine.l3()) {
    CpuSet inside = cpus & domain.cpus;
    if (inside.empty()) continue;
    placement.without_l3 = placement.without_l3.minus(inside);
    placement.domains.push_back({domain, std::move(inside)});
  }
  for (const NumaNode& node : machine.numa_nodes()) {
    if (node.cpus.intersects(cpus)) placement.numa_nodes.push_back(node.os_index);
  }
  return placement;
}

std::map<unsigned, uint64_t> l3_sizes(const Placement& placement) {
  std::map<unsigned, uint64_t> sizes;
  for (const PlacedDomain& placed : placement.domains) {
    const L3Domain& l3 = placed.domain;
    if (!l3.cache_id) {
      throw Error(
          fmt::format("the L3 of CPUs '{}' has no id on this machine (sysfs "
                      "cache/index3/id), so resctrl cannot be told about it",
                      l3.cpus.to_list()));
    }
    if (!sizes.emplace(*l3.cache_id, l3.bytes).second) {
      throw Error(fmt::format("two L3 caches of this machine have the id {}", *l3.cache_id));
    }
  }
  return sizes;
}

CpuSet cpus_of_abstract_cores(const Machine& machine, std::string_view list) {
  CpuSet cpus;
  for (const unsigned core : CpuSet::parse(list).cpus()) {
    if (core >= machine.cores().size()) {
      throw Error(fmt::format("core {} of '{}' is not on this machine, which has {} cores", core,
                              list, machine.cores().size()));
    }
    cpus = cpus | machine.cores()[core].cpus;
  }
  return cpus;
}

}  // namespace berth::topology
