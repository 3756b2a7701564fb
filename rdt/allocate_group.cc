// In which group a claim is: one that has what it wants, one that has nobody where it is, or one of
// its own.
#include <algorithm>

#include "rdt/allocation.h"

namespace berth::rdt {

// Where the group has somebody already, what it has must be what is wanted; exclusive ways are
// nobody else's, but for members of the same class.
bool Allocation::could_hold(const Clos& group, const std::vector<Wanted>& wanted,
                            Cache cache) const {
  return std::ranges::all_of(wanted, [&](const Wanted& want) {
    const Slot& slot = group.slots[cache][want.domain];
    if (slot.hold == Hold::none) return true;
    if (want.slot.hold == Hold::exclusive && !wish_.of_class) return false;
    return slot == want.slot;
  });
}

bool Allocation::rates_agree(const Clos& group) const {
  return std::ranges::all_of(kThrottles, [&](Throttle throttle) {
    return std::ranges::all_of(figures_[throttle], [&](const auto& entry) {
      const Rate& rate = group.rates[throttle][entry.first];
      return !rate.used || rate.figure == entry.second;
    });
  });
}

bool Allocation::same_class(const Clos& group) const {
  if (!wish_.of_class) return group.partition.empty();
  return group.partition == wish_.of_class->partition && group.class_name == wish_.of_class->name;
}

// A group of sharers that has just what is wished for in each of the claim's domains: identical
// classes cost one CLOSID.
Clos* Allocation::group_of_equals() {
  if (!rules_.packing || !monitored_) return nullptr;
  for (Clos& group : layout().groups) {
    if (!same_class(group) || !rates_agree(group)) continue;
    PerCache<std::vector<Wanted>> held;
    bool equal = true;
    for (const Cache cache : kCaches) {
      const auto& capability = capability_.caches[cache];
      if (!capability) continue;
      for (const DomainShare& share : wish_.domains[cache]) {
        const auto domain = capability->index_of(share.id);
        if (!domain || !equal) continue;
        const Slot& slot = group.slots[cache][*domain];
        if (!wish_.caches[cache]) {
          equal = slot.hold == Hold::as_default;
        } else {
          const Need need =
              need_of(*wish_.caches[cache], capability->full.count(),
                      survey(*capability, layout(), foreign_, cache, *domain, rules_).grantable(),
                      share, *capability);
          equal = slot.hold == Hold::shared && slot.ways.count() == need.ways &&
                  slot.code.count() == need.code;
        }
        held[cache].push_back({*domain, slot});
      }
    }
    if (!equal) continue;
    wanted_ = std::move(held);
    return &group;
  }
  return nullptr;
}

Clos* Allocation::group_to_join() {
  // A class is one group whatever the policy says of packing: its members share ways anyway.
  const bool may = wish_.of_class ? true : rules_.packing && !rules_.kernel_exclusive;
  if (!may || (!monitored_ && !wish_.of_class)) return nullptr;
  for (Clos& group : layout().groups) {
    const bool apart = std::ranges::all_of(group.members, &Member::monitored);
    if (!same_class(group) || !rates_agree(group) || (!apart && !wish_.of_class)) continue;
    if (could_hold(group, wanted_.l3, Cache::l3) && could_hold(group, wanted_.l2, Cache::l2)) {
      return &group;
    }
  }
  return nullptr;
}

// The kernel has devices' ways be nobody's alone.
bool Allocation::may_have_the_kernels_mode() const {
  return wants_the_kernels_mode() && std::ranges::none_of(kCaches, [&](Cache cache) {
           return std::ranges::any_of(wanted_[cache], [&](const Wanted& want) {
             return want.slot.ways.intersects(capability_.caches[cache]->shareable);
           });
         });
}

Clos& Allocation::new_group() {
  const size_t taken = layout().groups.size() + foreign_.size();
  if (taken >= capability_.max_groups) {
    refuse("all {} groups that the hardware has are taken ({} of berth, {} of others)",
           capability_.max_groups, layout().groups.size(), foreign_.size());
  }
  Clos group;
  const auto in_use = [&](const std::string& name) {
    return layout().find(name) != nullptr ||
           std::ranges::find(foreign_, name, &Foreign::name) != foreign_.end();
  };
  for (unsigned number = 1; group.name.empty() || in_use(group.name); ++number) {
    group.name = std::string(kGroupPrefix) + std::to_string(number);
  }
  if (wish_.of_class) {
    group.partition = wish_.of_class->partition;
    group.class_name = wish_.of_class->name;
  }
  group.kernel_exclusive = may_have_the_kernels_mode();
  for (const Cache cache : kCaches) {
    if (capability_.caches[cache]) {
      group.slots[cache].resize(capability_.caches[cache]->domains.size());
    }
  }
  for (const Throttle throttle : kThrottles) {
    if (capability_.throttles[throttle]) {
      group.rates[throttle].resize(capability_.throttles[throttle]->domains.size());
    }
  }
  layout().groups.push_back(std::move(group));
  return layout().groups.back();
}

void Allocation::fill(Clos& group) const {
  for (const Cache cache : kCaches) {
    for (const Wanted& want : wanted_[cache]) group.slots[cache][want.domain] = want.slot;
  }
  for (const Throttle throttle : kThrottles) {
    for (const auto& [domain, figure] : figures_[throttle]) {
      group.rates[throttle][domain] = {true, figure};
    }
  }
}

PerThrottle<std::vector<size_t>> Allocation::rate_domains() const {
  PerThrottle<std::vector<size_t>> domains;
  for (const Throttle throttle : kThrottles) {
    for (const auto& [domain, figure] : figures_[throttle]) domains[throttle].push_back(domain);
  }
  return domains;
}

}  // namespace berth::rdt
