// Which ways does a claim get, and who makes room for it. Pure: no kernel, no clock; the same facts
// give the same answer.
//
// In each cache exclusive holders stack from the lowest way that is not shared with I/O upwards;
// the default group keeps the top run of what it had, never fewer ways than the policy's floor.
#pragma once

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "rdt/layout.h"
#include "rdt/wish.h"

namespace berth::rdt {

// A running holder whose ways were moved.
struct Moved {
  std::string holder;  // a group's name, or a partition's
  Cache cache = Cache::l3;
  unsigned domain = 0;  // cache id
  WayMask from, to;
  bool operator==(const Moved&) const = default;
};

struct Grant {
  Layout layout;  // with the claim in it
  std::string group;
  bool packed = false;  // the group was there before, with members of other domains
  std::vector<Moved> moved;
  bool operator==(const Grant&) const = default;
};

struct Refusal {
  std::string reason;  // one line with the numbers: what was asked, what is free, where
  bool operator==(const Refusal&) const = default;
};

// `claim` is not in `layout`. Exclusive ways lie in the smallest hole that fits, else at the low
// end of what the default group has, else where a hole appears once holders are moved.
std::variant<Grant, Refusal> allocate(const Capability& capability, const Layout& layout,
                                      std::span<const Foreign> foreign, const std::string& claim,
                                      const std::string& purpose, const Wish& wish,
                                      const Rules& rules);

}  // namespace berth::rdt
