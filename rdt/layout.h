// What berth has laid out in resctrl: which ways and how much bandwidth each of its groups has, and
// for whom. A value: an allocation is the step from one layout to the next, and the ledger is the
// layout in force, written down.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rdt/capability.h"
#include "rdt/schemata.h"
#include "rdt/way_mask.h"

namespace berth::rdt {

// Names of groups that are ours begin with this.
inline constexpr std::string_view kGroupPrefix = "berth_";

enum class Hold : uint8_t {
  none,        // nobody of the group has CPUs there: the ways that the default group always keeps
  exclusive,   // ways that nobody else has
  shared,      // ways that the default group and other sharers may have too
  as_default,  // this cache was not asked for: what the default group has, whatever that is
};

// A group's part of one cache.
struct Slot {
  Hold hold = Hold::none;
  WayMask ways;  // of `exclusive` and `shared`
  WayMask code;  // the part of `ways` for code, the rest for data; empty: all for both
  WayMask data() const { return ways.minus(code); }
  bool operator==(const Slot&) const = default;
};

// A group's bandwidth under one L3.
struct Rate {
  bool used = false;    // somebody of the group has CPUs there
  uint64_t figure = 0;  // as in schemata; 0: no limit
  bool operator==(const Rate&) const = default;
};

// Who a group is for. Claims that share no domain may share an exclusive group, since masks are
// per domain; those that share ways may share a group of sharers.
struct Member {
  std::string claim;    // `job_12`, `launch_4711`; the name of its monitor group
  std::string purpose;  // the same for people: `job 12`
  std::string asked;    // the wish as the user wrote it
  bool monitored = true;
  // Where it has CPUs: positions in the capability's lists.
  PerCache<std::vector<size_t>> domains;
  PerThrottle<std::vector<size_t>> rate_domains;
  bool operator==(const Member&) const = default;
};

// One class of service: a control group and its CLOSID.
struct Clos {
  std::string name;                   // `berth_1`
  std::string partition;              // of the policy's: its classes share one exclusive region
  std::string class_name;             // of that partition
  bool kernel_exclusive = false;      // in the kernel's own mode `exclusive`
  PerCache<std::vector<Slot>> slots;  // by position in the capability's list of domains
  PerThrottle<std::vector<Rate>> rates;
  std::vector<Member> members;
  bool operator==(const Clos&) const = default;
};

// A partition's ways, of which its classes have parts; empty where no class of it is in use.
struct Region {
  std::string partition;
  PerCache<std::vector<WayMask>> ways;
  bool operator==(const Region&) const = default;
};

// What the kernel has for one group in one cache.
struct Masks {
  WayMask data, code;  // equal where the mount does not tell them apart
  WayMask all() const { return data | code; }
  bool operator==(const Masks&) const = default;
};

struct Layout {
  // The default group before our first group.
  PerCache<std::vector<Masks>> original;
  // The ways of each cache that the default group kept when the first group came, and that groups
  // have where nobody of theirs has CPUs. Constant until the last group goes.
  unsigned floor_ways = 1;
  std::vector<Clos> groups;
  std::vector<Region> regions;

  const Clos* find(std::string_view name) const;
  const Clos* group_of(std::string_view claim) const;
  const Member* member(std::string_view claim) const;
  // Without the claim: nobody is moved, the default group has more. Without the last one `original`
  // stays: it is what the default group is to have again.
  Layout without(std::string_view claim) const;
  bool operator==(const Layout&) const = default;
};

// What a claim has of one cache.
struct GrantedDomain {
  Cache cache = Cache::l3;
  unsigned id = 0;  // cache id
  Slot slot;
  WayMask default_group;  // what the default group has there besides
};
std::vector<GrantedDomain> granted(const Capability& capability, const Layout& layout,
                                   std::string_view claim);

// Ways of groups that berth did not make (pqos, containerd, an admin): never handed out, and never
// taken off the default group.
struct Foreign {
  std::string name;
  PerCache<std::vector<WayMask>> ways;
  // The kernel lets nobody else have them: its mode is `exclusive` or `pseudo-locked`.
  bool exclusive_mode = false;
};

// What the admin's policy says about every layout.
struct Rules {
  unsigned floor_ways = 1;  // the default group keeps these in every cache
  bool io_ways = false;     // ways shared with I/O may be handed out too
  bool packing = true;      // claims without a common domain may share a group
  bool compaction = true;   // running claims' ways may be moved to make room
  // Every group gets the kernel's own `exclusive` mode, for a way of each domain where it has no
  // CPUs: the kernel wants its masks apart from all others everywhere.
  bool kernel_exclusive = false;
  bool operator==(const Rules&) const = default;
};

// The default group's ways as they were: all where a domain came later.
Masks had_in(const CacheCapability& cache, const Layout& layout, Cache which, size_t domain);
// Its ways that are never handed out: the top of what it had.
WayMask floor_in(const CacheCapability& cache, const Layout& layout, Cache which, size_t domain,
                 unsigned floor_ways);
// All ways that groups of ours hold exclusively there, and regions.
WayMask exclusive_in(const Layout& layout, Cache which, size_t domain);
// What the layout leaves the default group: as it was where nothing of it is taken; else the top
// run of what is left of it, or with sparse masks all of that.
Masks default_in(const CacheCapability& cache, const Layout& layout, Cache which, size_t domain);
// The same for who knows already what exclusive_in would say.
Masks default_beside(const CacheCapability& cache, const Layout& layout, Cache which, size_t domain,
                     WayMask exclusive);
// What of default_in the kernel lets it have: without the ways of strangers in exclusive mode.
Masks default_beside_strangers(const CacheCapability& cache, const Layout& layout,
                               std::span<const Foreign> strangers, Cache which, size_t domain);
// What a group has there in the kernel.
Masks masks_of(const CacheCapability& cache, const Layout& layout, const Clos& group, Cache which,
               size_t domain);

}  // namespace berth::rdt
