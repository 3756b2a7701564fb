// One allocation on its way: what allocate.cc (which ways) and allocate_group.cc (in which group)
// have in common. Nobody else includes this.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rdt/allocate.h"
#include "rdt/room.h"

namespace berth::rdt {

// Refusals travel through the steps of an allocation as this and never leave these files.
struct Refused {
  std::string reason;
};

template <class... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> text, Args&&... args) {
  throw Refused{fmt::format(text, std::forward<Args>(args)...)};
}

// What the claim's group is to have in one cache domain.
struct Wanted {
  size_t domain = 0;
  Slot slot;
};

struct Need {
  unsigned ways = 0, code = 0;
};

class Allocation {
 public:
  Allocation(const Capability& capability, const Layout& layout, std::span<const Foreign> foreign,
             const Wish& wish, const Rules& rules)
      : capability_(capability),
        foreign_(foreign),
        wish_(wish),
        rules_(rules),
        monitored_(wish.monitored && capability.monitor) {
    grant_.layout.groups.reserve(layout.groups.size() + 1);
    grant_.layout = layout;
    if (grant_.layout.groups.empty()) grant_.layout.floor_ways = rules.floor_ways;
  }

  Grant run(const std::string& claim, const std::string& purpose) {
    check();
    for (const Cache cache : kCaches) locate(cache);
    rates();
    Clos* group = wish_.shared ? group_of_equals() : nullptr;
    if (group == nullptr) {
      for (const Cache cache : kCaches) place(cache);
      group = group_to_join();
    }
    grant_.packed = group != nullptr;
    if (group == nullptr) group = &new_group();
    fill(*group);
    group->members.push_back({claim, purpose, wish_.asked, monitored_, domains_, rate_domains()});
    grant_.group = group->name;
    return std::move(grant_);
  }

 private:
  void check() const;
  void locate(Cache cache);
  void rates();
  void place(Cache cache);
  void place_one(Cache cache, const DomainShare& share, size_t domain);
  void place_in_class(Cache cache, const DomainShare& share, size_t domain);
  Need need_of(const CacheWish& wish, unsigned ways, unsigned grantable, const DomainShare& share,
               const CacheCapability& cache) const;
  WayMask exclusive_ways(Cache cache, size_t domain, const Room& room, unsigned need);
  void move(Cache cache, size_t domain, const Move& move);
  bool wants_the_kernels_mode() const;
  bool may_have_the_kernels_mode() const;
  bool could_hold(const Clos& group, const std::vector<Wanted>& wanted, Cache cache) const;
  bool rates_agree(const Clos& group) const;
  bool same_class(const Clos& group) const;
  Clos* group_of_equals();
  Clos* group_to_join();
  Clos& new_group();
  void fill(Clos& group) const;
  PerThrottle<std::vector<size_t>> rate_domains() const;

  Layout& layout() { return grant_.layout; }

  const Capability& capability_;
  const std::span<const Foreign> foreign_;
  const Wish& wish_;
  const Rules& rules_;
  const bool monitored_;
  Grant grant_;
  PerCache<std::vector<size_t>> domains_;  // the claim's
  PerCache<std::vector<Wanted>> wanted_;
  PerThrottle<std::vector<std::pair<size_t, uint64_t>>> figures_;
};

}  // namespace berth::rdt
