// `berth gres`: what Slurm is told of a node's L3, so that jobs queue for its ways (the resource
// l3way of doc/slurm-gres.md). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "launcher/cache_map.h"

namespace berth::launcher {

struct GresCache {
  unsigned id = 0;         // cache id
  unsigned socket = 0;     // hwloc's PACKAGE os_index
  std::string cores;       // as Slurm numbers them: in hwloc's logical order
  uint64_t way_bytes = 0;  // of one way; 0: unknown
  rdt::WayMask free;       // the ways that jobs can have on an idle node
  unsigned most = 0;       // of them one job: fewer where they do not lie side by side
  // Why the others are not among them.
  rdt::WayMask io, floor, foreign;
  bool operator==(const GresCache&) const = default;
};

struct GresNode {
  std::string name;                    // as in slurm.conf
  unsigned ways = 0;                   // of each L3
  bool per_cache = false;              // a socket has several L3: Slurm is to take each for one
  bool kernel_exclusive = false;       // the policy's: groups have a way elsewhere too
  std::vector<GresCache> caches;       // in hwloc's logical order, alike, one at least
  std::vector<std::string> strangers;  // groups of other programs
};

// `facts`' own groups are left out: they come and go with jobs. Throws Error where there is nothing
// to count, where an L3 is not known to hwloc and resctrl alike, and where the L3s are not alike:
// the script that reckons for slurmctld has one figure for all.
GresNode gres_of(const NodeFacts& facts, const rdt::Rules& rules, const std::string& node);

// The lines of gres.conf, one for each L3.
std::vector<std::string> gres_conf(const GresNode& node);
// The entry of job_submit.lua's table: `["*"] = { ways = 11, grantable = 9, ... },`,
// without `way_bytes` where the size is not known.
std::string job_submit_entry(const GresNode& node);

// All that goes into slurm.conf, gres.conf and job_submit.lua, with comments between.
std::string to_text(const GresNode& node);
std::string to_json(const GresNode& node);

}  // namespace berth::launcher
