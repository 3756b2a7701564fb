#include "topology/placement.h"

#include <fmt/format.h>

#include <algorithm>

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
  for (const L2Domain& domain : machine.l2()) {
    CpuSet inside = cpus & domain.cpus;
    if (!inside.empty()) placement.l2.push_back({domain, std::move(inside)});
  }
  for (const NumaNode& node : machine.numa_nodes()) {
    if (node.cpus.intersects(cpus)) placement.numa_nodes.push_back(node.os_index);
  }
  return placement;
}

namespace {

template <class Placed>
std::vector<CacheShare> shares_of(const std::vector<Placed>& placed, unsigned level) {
  std::vector<CacheShare> shares;
  for (const Placed& one : placed) {
    if (!one.domain.cache_id) {
      throw Error(
          fmt::format("the L{0} of CPUs '{1}' has no id on this machine (sysfs cache/index{0}/id), "
                      "so resctrl cannot be told about it",
                      level, one.domain.cpus.to_list()));
    }
    const unsigned id = *one.domain.cache_id;
    if (std::ranges::find(shares, id, &CacheShare::id) != shares.end()) {
      throw Error(fmt::format("two L{} caches of this machine have the id {}", level, id));
    }
    shares.push_back({id, one.domain.bytes, static_cast<unsigned>(one.cpus.size()),
                      static_cast<unsigned>(one.domain.cpus.size())});
  }
  std::ranges::sort(shares, {}, &CacheShare::id);
  return shares;
}

}  // namespace

std::vector<CacheShare> l3_shares(const Placement& placement) {
  return shares_of(placement.domains, 3);
}

std::vector<CacheShare> l2_shares(const Placement& placement) {
  return shares_of(placement.l2, 2);
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
