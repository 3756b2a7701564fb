// What a processor has of RDT (of QoS, on AMD's), and those that tests stand on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace berth::test::resctrl {

// Processors that share one piece of a resource, and its id: that of the cache in sysfs, with gaps
// where the APIC ids have some.
struct Domain {
  unsigned id = 0;
  std::vector<unsigned> cpus;
};

struct Cache {
  unsigned ways = 0;  // bits of a mask
  unsigned closids = 0;
  unsigned min_bits = 1;
  uint32_t shareable = 0;
  bool sparse = false;  // masks may have holes
  bool cdp = false;     // code and data prioritization can be had
  uint64_t bytes = 0;   // of one domain
  std::vector<Domain> domains;

  uint32_t full() const { return static_cast<uint32_t>((uint64_t{1} << ways) - 1); }
};

struct Bandwidth {
  unsigned closids = 0;
  unsigned min = 10, granularity = 10, max = 100;  // per cent; AMD: eighths of GB/s
  bool linear = true;
  std::string throttle_mode = "max";  // empty: the file is not there
  std::vector<Domain> domains;
};

struct Monitor {
  unsigned rmids = 0;
  std::vector<std::string> events = {"llc_occupancy", "mbm_total_bytes", "mbm_local_bytes"};
  unsigned unit = 65536;        // bytes in a step of llc_occupancy
  uint64_t limit = 0;           // the most that max_threshold_occupancy may be
  std::vector<unsigned> nodes;  // with sub-NUMA clusters: as many for each domain
  std::vector<Domain> domains;
  uint64_t threshold() const { return limit / rmids / unit * unit; }  // as the kernel sets it
};

struct Processor {
  unsigned possible_cpus = 0;
  std::vector<unsigned> online;
  std::optional<Cache> l3, l2;
  std::optional<Bandwidth> mb, smba;
  std::optional<Monitor> monitor;
};

// `domains` L3 caches with these ids and `cpus` CPUs each.
struct Sockets {
  std::vector<unsigned> ids = {0, 1};
  unsigned cpus = 2;
};
Processor haswell(const Sockets& sockets = {});
Processor broadwell(const Sockets& sockets = {});
Processor skylake(const Sockets& sockets = {});
// 20 ways with shareable bits at both ends, L2 CAT with a domain for each two CPUs.
Processor newer_xeon(const Sockets& sockets = {.ids = {0, 1}, .cpus = 4});
Processor atom(unsigned l2_domains = 4);
// Sparse and empty masks, bandwidth in eighths of GB/s, SMBA; many small L3s.
Processor amd(const Sockets& sockets = {.ids = {0, 1, 2, 3}, .cpus = 2});
// The machine of tests/vm, as `vm` boots it without --rdt.
Processor guest();

}  // namespace berth::test::resctrl
