// Where a set of CPUs lies on a machine. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "topology/cpu_set.h"
#include "topology/machine.h"

namespace berth::topology {

struct PlacedDomain {
  L3Domain domain;
  CpuSet cpus;  // the part of the set under this cache
  bool operator==(const PlacedDomain&) const = default;
};

struct Placement {
  std::vector<PlacedDomain>
      domains;        // in the machine's order; each with at least one CPU of the set
  CpuSet cpus;        // the set itself
  CpuSet without_l3;  // CPUs of the set under no L3 (hybrid parts, VMs)
  std::vector<unsigned> numa_nodes;  // os indexes of the nodes that are local to the set
  bool operator==(const Placement&) const = default;
};

// Throws Error where a CPU of the set is not on the machine.
Placement place(const Machine& machine, const CpuSet& cpus);

// The caches of a placement as resctrl knows them: cache id -> bytes. Throws Error where one has no
// id or two have the same: a guess would fence off somebody else's cache.
std::map<unsigned, uint64_t> l3_sizes(const Placement& placement);

// Slurm's abstract core list (S_JOB_ALLOC_CORES, `0-3,8`) as CPUs: abstract core k is the k-th core
// in hwloc's logical order (Slurm 22.05, src/slurmd/slurmd/... xcpuinfo.c). Holds only where
// slurm.conf's geometry is the hardware's: the caller compares with the task's real affinity.
// Throws Error where the list names a core that the machine does not have.
CpuSet cpus_of_abstract_cores(const Machine& machine, std::string_view list);

}  // namespace berth::topology
