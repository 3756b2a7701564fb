// Where a set of CPUs lies on a machine. Pure.
#pragma once

#include <cstdint>
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

struct PlacedL2 {
  L2Domain domain;
  CpuSet cpus;  // the part of the set under this cache
  bool operator==(const PlacedL2&) const = default;
};

struct Placement {
  std::vector<PlacedDomain>
      domains;               // in the machine's order; each with at least one CPU of the set
  std::vector<PlacedL2> l2;  // likewise
  CpuSet cpus;               // the set itself
  CpuSet without_l3;         // CPUs of the set under no L3 (hybrid parts, VMs)
  std::vector<unsigned> numa_nodes;  // os indexes of the nodes that are local to the set
  bool operator==(const Placement&) const = default;
};

// Throws Error where a CPU of the set is not on the machine.
Placement place(const Machine& machine, const CpuSet& cpus);

// One cache as resctrl knows it, and how much of it a set of CPUs is.
struct CacheShare {
  unsigned id = 0;                  // cache id
  uint64_t bytes = 0;               // of the whole cache
  unsigned cpus = 0, all_cpus = 0;  // of the set, and all
  bool operator==(const CacheShare&) const = default;
};

// The caches of a placement by id. Throws Error where one has no id or two have the same: a guess
// would fence off somebody else's cache.
std::vector<CacheShare> l3_shares(const Placement& placement);
std::vector<CacheShare> l2_shares(const Placement& placement);

// Slurm's abstract core list (S_JOB_ALLOC_CORES, `0-3,8`) as CPUs: abstract core k is the k-th core
// in hwloc's logical order (Slurm 22.05, src/slurmd/slurmd/... xcpuinfo.c). Holds only where
// slurm.conf's geometry is the hardware's: the caller compares with the task's real affinity.
// Throws Error where the list names a core that the machine does not have.
CpuSet cpus_of_abstract_cores(const Machine& machine, std::string_view list);

}  // namespace berth::topology
