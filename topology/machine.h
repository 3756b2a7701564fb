// The machine as far as caches go: which L3 does each CPU sit under, and what does resctrl call it.
// The only user of hwloc. A value once made.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "topology/cpu_set.h"

namespace berth::topology {

// One last-level cache. `cache_id` is resctrl's domain id: sysfs cpuN/cache/index3/id, which hwloc
// gives as the cache's os_index (since 2.6). Nothing where neither knows it: never guessed.
struct L3Domain {
  std::optional<unsigned> cache_id;
  unsigned package = 0;  // physical package (hwloc: PACKAGE os_index)
  CpuSet cpus;
  uint64_t bytes = 0;
  bool operator==(const L3Domain&) const = default;
};

// A level 2 cache, for hardware that divides those too; `cache_id` as above, from index2.
struct L2Domain {
  std::optional<unsigned> cache_id;
  CpuSet cpus;
  uint64_t bytes = 0;
  bool operator==(const L2Domain&) const = default;
};

struct Core {
  unsigned package = 0;
  CpuSet cpus;  // its PUs, one for each hardware thread
  bool operator==(const Core&) const = default;
};

struct NumaNode {
  unsigned os_index = 0;
  CpuSet cpus;
  bool operator==(const NumaNode&) const = default;
};

class Machine {
 public:
  // The running machine. HWLOC_* variables of the environment are ignored: they belong to whoever
  // started the job, and this also runs as root.
  static Machine load();
  static Machine from_xml(const std::string& path);
  // hwloc's synthetic description, `pack:2 l3:1(indexes=0,1 size=40MiB) core:10 pu:2`.
  static Machine synthetic(const std::string& description);

  std::span<const L3Domain> l3() const { return l3_; }
  std::span<const L2Domain> l2() const { return l2_; }
  // In hwloc's logical order: the order in which Slurm numbers its abstract cores.
  std::span<const Core> cores() const { return cores_; }
  std::span<const NumaNode> numa_nodes() const { return numa_; }
  const CpuSet& cpus() const { return cpus_; }
  // False for XML and synthetic machines: plans may be made for them, never carried out.
  bool is_this_system() const { return this_system_; }

  // A machine that was looked at before: hwloc takes milliseconds to look again.
  static Machine remembered(std::vector<L3Domain> l3, std::vector<L2Domain> l2,
                            std::vector<Core> cores, std::vector<NumaNode> numa_nodes, CpuSet cpus);

 private:
  Machine() = default;
  friend class MachineBuilder;
  std::vector<L3Domain> l3_;
  std::vector<L2Domain> l2_;
  std::vector<Core> cores_;
  std::vector<NumaNode> numa_;
  CpuSet cpus_;
  bool this_system_ = false;
};

// hwloc XML (v2) of a described machine.
std::string xml_of_synthetic(const std::string& description);

}  // namespace berth::topology
