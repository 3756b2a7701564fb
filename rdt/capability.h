// What the hardware and this mount of resctrl can do, from info/
// (Documentation/filesystems/resctrl.rst).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rdt/way_mask.h"

namespace berth::rdt {

struct L3Capability {
  WayMask full;  // cbm_mask: every way
  WayMask
      shareable;  // shareable_bits: ways that other agents (I/O) also fill; anywhere in the mask
  unsigned min_ways = 1;  // max(min_cbm_bits, 1)
  unsigned num_closids = 0;
  bool sparse = false;            // masks with holes are accepted (sparse_masks, kernel 6.7)
  std::vector<unsigned> domains;  // cache ids, ascending, from the root's schemata
  bool operator==(const L3Capability&) const = default;
};

struct MbCapability {
  unsigned min_percent = 0, granularity = 0;
  unsigned num_closids = 0;
  bool operator==(const MbCapability&) const = default;
};

struct MonitorCapability {
  unsigned num_rmids = 0;
  std::vector<std::string> events;  // llc_occupancy, mbm_total_bytes, mbm_local_bytes
  bool operator==(const MonitorCapability&) const = default;
};

struct Capability {
  std::optional<L3Capability> l3;  // absent on a mount with cdp: then `cdp` is true
  bool cdp = false;
  std::optional<MbCapability> mb;
  std::optional<MonitorCapability> monitor;
  // Groups that may exist beside the default one: min over the resources of num_closids, less one.
  unsigned max_groups = 0;
  bool operator==(const Capability&) const = default;
};

// `root` is a descriptor of resctrl's root directory (or of a tree of files like it).
Capability read_capability(int root);

}  // namespace berth::rdt
