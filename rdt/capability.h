// What the hardware and this mount of resctrl can do, from info/
// (Documentation/filesystems/resctrl.rst).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rdt/schemata.h"
#include "rdt/way_mask.h"

namespace berth::rdt {

// The caches whose ways resctrl divides, and one value for each of them.
enum class Cache { l3, l2 };
inline constexpr std::array kCaches{Cache::l3, Cache::l2};
std::string_view name_of(Cache cache);  // `L3`, as in schemata

template <class T>
struct PerCache {
  T l3{}, l2{};
  T& operator[](Cache cache) { return cache == Cache::l3 ? l3 : l2; }
  const T& operator[](Cache cache) const { return cache == Cache::l3 ? l3 : l2; }
  bool operator==(const PerCache&) const = default;
};

struct CacheCapability {
  WayMask full;           // cbm_mask: every way
  WayMask shareable;      // shareable_bits: ways that I/O also fills; anywhere in the mask
  unsigned min_ways = 1;  // max(min_cbm_bits, 1)
  unsigned num_closids = 0;
  bool sparse = false;            // masks with holes are accepted (sparse_masks, kernel 6.7)
  bool code_data = false;         // mounted with cdp or cdpl2: a line for code and one for data
  std::vector<unsigned> domains;  // cache ids, ascending, from the root's schemata
  // Where a domain stands in `domains`; nothing where it is not there.
  std::optional<size_t> index_of(unsigned domain) const;
  bool operator==(const CacheCapability&) const = default;
};

// MB limits traffic to memory, SMBA to slow (CXL) memory; both are counted by L3 domain.
enum class Throttle { mb, smba };
inline constexpr std::array kThrottles{Throttle::mb, Throttle::smba};
std::string_view name_of(Throttle throttle);  // `MB`, `SMBA`

template <class T>
struct PerThrottle {
  T mb{}, smba{};
  T& operator[](Throttle t) { return t == Throttle::mb ? mb : smba; }
  const T& operator[](Throttle t) const { return t == Throttle::mb ? mb : smba; }
  bool operator==(const PerThrottle&) const = default;
};

struct BandwidthCapability {
  // percent of the hardware's (Intel), eighths of a GB/s (AMD), MiB/s held by the kernel's feedback
  // loop (a mount with mba_MBps).
  enum class Unit { percent, eighth_gb, mib };
  Unit unit = Unit::percent;
  uint64_t min = 0, granularity = 1;
  uint64_t unlimited = 100;  // what a new group has
  unsigned num_closids = 0;
  std::vector<unsigned> domains;
  std::optional<size_t> index_of(unsigned domain) const;
  bool operator==(const BandwidthCapability&) const = default;
};

struct MonitorCapability {
  unsigned num_rmids = 0;
  std::vector<std::string> events;  // llc_occupancy, mbm_total_bytes, mbm_local_bytes
  bool operator==(const MonitorCapability&) const = default;
};

struct Capability {
  PerCache<std::optional<CacheCapability>> caches;
  PerThrottle<std::optional<BandwidthCapability>> throttles;
  std::optional<MonitorCapability> monitor;
  // Groups that may exist beside the default one: min over the resources of num_closids, less one.
  unsigned max_groups = 0;
  bool operator==(const Capability&) const = default;
};

// What a mount was made with (/proc/self/mountinfo) and info/ does not tell.
struct MountOptions {
  bool mba_mbps = false;
  std::string text;  // as the kernel prints them: `rw,cdp`
};

// `root` is a descriptor of resctrl's root directory (or of a tree of files like it).
Capability read_capability(int root, const MountOptions& options = {});

// The domains alone, from the root's schemata.
void read_domains(Capability& capability, const Schemata& root);

}  // namespace berth::rdt
