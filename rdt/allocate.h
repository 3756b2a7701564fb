// Which ways does a job get. Pure: no kernel, no clock; the same facts give the same answer.
//
// Layout in each domain: jobs stack from the lowest way that is not shareable with I/O upwards, the
// default group keeps the top run of what it had, never fewer ways than the policy's floor.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "rdt/amount.h"
#include "rdt/capability.h"
#include "rdt/schemata.h"
#include "rdt/way_mask.h"

namespace berth::rdt {

struct Wish {
  Amount l3;
  bool shared =
      false;  // may overlap the default group and other shared groups; never an exclusive one
  // The domains in which the job has cores: cache id -> bytes of that L3.
  std::map<unsigned, uint64_t> domains;
};

// A group that exists now, berth's or a stranger's (pqos, containerd, an admin).
struct InUse {
  std::string name;
  Schemata schemata;      // of ours: only the domains in which it was granted ways
  bool exclusive = true;  // of ours: as recorded
  bool ours = true;       // a stranger's ways are never handed out, and never taken off the default
};

using Masks = std::map<unsigned, WayMask>;  // cache id -> ways

struct Grant {
  Masks job;            // every domain: its ways where the job has cores, elsewhere the floor's run
  Masks default_group;  // every domain: what the default group has from now on
  std::map<unsigned, unsigned> ways;  // granted, for the wish's domains
  bool operator==(const Grant&) const = default;
};

struct Refusal {
  std::string reason;  // one line with the numbers: what was asked, what is free, where
  bool operator==(const Refusal&) const = default;
};

// `original` is the default group's schemata before any group of ours existed; `floor` the ways
// that the default group keeps in every domain (at least min_ways; all of its top run where that
// has fewer). Exclusive ways lie in a hole between jobs if one fits (the smallest), else at the low
// end of what the default group has; never on a way shared with I/O. Shared ways lie as far up as
// they fit, where the default group's are. Nobody is moved.
std::variant<Grant, Refusal> allocate(const Capability& capability, const Schemata& original,
                                      std::span<const InUse> in_use, const Wish& wish,
                                      unsigned floor);

// The default group's masks given what is in use: in each domain the top run of `original` that no
// exclusive group of ours touches. With none in use this is `original` itself.
Masks default_masks(const Capability& capability, const Schemata& original,
                    std::span<const InUse> in_use);

}  // namespace berth::rdt
