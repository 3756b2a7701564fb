// Where it is measured: which CPUs victim and aggressors get, and what of this machine a reader of
// the figures must know.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rdt/capability.h"
#include "topology/machine.h"

namespace berth::cache_bench {

struct Site {
  topology::L3Domain l3;  // the victim's
  unsigned victim_cpu = 0;
  // One for each other core below the same L3, and for each core below another one; none is a
  // hardware thread of a core that is there already.
  std::vector<unsigned> beside, elsewhere;
  uint64_t l2_bytes = 0;
  unsigned ways = 0;                   // of the L3; 0: not known
  std::optional<rdt::Capability> rdt;  // nothing: resctrl is not mounted
  bool root = false;
  bool virtual_machine = false;
  // For the reader, by name: processor, microcode, kernel, governor, turbo, huge pages, ...
  std::map<std::string, std::string> facts;

  uint64_t way_bytes() const { return ways == 0 ? 0 : l3.bytes / ways; }
  // Whether the L3's ways can be divided here, by this caller.
  bool can_partition() const { return root && rdt && rdt->caches.l3; }
  bool can_throttle() const { return root && rdt && rdt->throttles.mb; }
  bool counts(const char* event) const;  // resctrl's name of it
};

// Of this machine, on the CPUs that the caller may run on. Throws Error where there is no L3.
Site survey(const topology::Machine& machine, const topology::CpuSet& allowed);

// Why nothing that is measured here is evidence of isolation; empty: it may be.
std::vector<std::string> no_evidence_because(const Site& site, unsigned repetitions);

}  // namespace berth::cache_bench
