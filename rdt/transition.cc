#include "rdt/transition.h"

#include <fmt/format.h>

#include <algorithm>

namespace berth::rdt {

namespace {

void add_masks(Schemata& lines, const CacheCapability& cache, Cache which, size_t domain,
               const Masks& masks) {
  const std::string name(name_of(which));
  const unsigned id = cache.domains[domain];
  if (!cache.code_data) {
    lines.resources[name][id] = masks.data.bits();
    return;
  }
  lines.resources[name + "CODE"][id] = masks.code.bits();
  lines.resources[name + "DATA"][id] = masks.data.bits();
}

// A group on its way: what it has now, what it is to have. The default group too.
struct Item {
  const Clos* group = nullptr;  // null: the default group
  std::string name;
  Control now, wanted;
  bool exists = true;  // false: no task can be in it, its masks hurt nobody
};

// One cache domain of all items.
struct Place {
  const CacheCapability* cache;
  Cache which;
  size_t domain;
};

class Transition {
 public:
  Transition(const Capability& capability, const KernelState& state, const Layout& layout)
      : capability_(capability) {
    for (const KernelGroup& group : state.groups) {
      if (layout.find(group.name) == nullptr)
        steps_.push_back({Step::Kind::remove, group.name, {}, {}});
    }
    items_.reserve(layout.groups.size() + 1);
    items_.push_back(default_item(state, layout));
    for (const Clos& group : layout.groups) items_.push_back(item_of(state, layout, group));
    for (const Cache which : kCaches) {
      const auto& cache = capability.caches[which];
      if (!cache) continue;
      for (size_t domain = 0; domain < cache->domains.size(); ++domain) {
        places_.push_back({&*cache, which, domain});
      }
    }
  }

  std::vector<Step> run() {
    while (!done()) {
      bool moved = false;
      for (Item& item : items_) moved = advance(item) || moved;
      if (!moved && !squeeze()) force();
    }
    for (const Item& item : items_) {
      if (item.group == nullptr) continue;
      if (item.group->kernel_exclusive && !item.now.exclusive_mode) {
        steps_.push_back({Step::Kind::set_exclusive, item.name, {}, {}});
      }
      monitors(item);
    }
    return std::move(steps_);
  }

 private:
  Item default_item(const KernelState& state, const Layout& layout) const {
    Item item{nullptr, {}, state.default_group, state.default_group, true};
    for (const Cache which : kCaches) {
      if (!capability_.caches[which]) continue;
      for (size_t domain = 0; domain < item.wanted.masks[which].size(); ++domain) {
        item.wanted.masks[which][domain] =
            default_in(*capability_.caches[which], layout, which, domain);
      }
    }
    return item;
  }

  Item item_of(const KernelState& state, const Layout& layout, const Clos& group) const {
    Item item{&group, group.name, {}, control_of(capability_, layout, group), false};
    const auto found = std::ranges::find(state.groups, group.name, &KernelGroup::name);
    if (found != state.groups.end()) {
      item.now = found->control;
      item.exists = true;
    }
    return item;
  }

  static bool as_wanted(const Item& item) {
    return item.exists && item.now.masks == item.wanted.masks &&
           item.now.figures == item.wanted.figures;
  }
  bool done() const { return std::ranges::all_of(items_, as_wanted); }

  static Hold hold_of(const Item& item, const Place& at) {
    return item.group == nullptr ? Hold::as_default : item.group->slots[at.which][at.domain].hold;
  }

  // Whether `masks` in the hands of `item` would be on ways that another one has now, where one of
  // the two has them to itself. Where a group has nobody its masks hurt nobody.
  bool collides(const Item& item, const Place& at, const Masks& masks) const {
    const Hold mine = hold_of(item, at);
    if (mine == Hold::none) return false;
    return std::ranges::any_of(items_, [&](const Item& other) {
      if (&other == &item || !other.exists) return false;
      const Hold theirs = hold_of(other, at);
      const Masks& now = other.now.masks[at.which][at.domain];
      // The default group grows last, even onto ways that nobody uses any more.
      if (theirs == Hold::none && item.group == nullptr &&
          now != other.wanted.masks[at.which][at.domain]) {
        return now.all().intersects(masks.all());
      }
      if (theirs == Hold::none || (mine != Hold::exclusive && theirs != Hold::exclusive))
        return false;
      const bool same_region = item.group != nullptr && other.group != nullptr &&
                               !item.group->partition.empty() &&
                               item.group->partition == other.group->partition;
      return !same_region && now.all().intersects(masks.all());
    });
  }

  // Writes what can be written of the item now, all in one; true where it was something.
  bool advance(Item& item) {
    if (as_wanted(item)) return false;
    Schemata lines;
    // A new group is made once all of it can be written: until then its ways are the kernel's
    // choice.
    const Control before = item.now;
    if (!item.exists) item.now = empty_like(item.wanted);
    bool whole = true;
    for (const Place& at : places_) {
      Masks& now = item.now.masks[at.which][at.domain];
      const Masks& wanted = item.wanted.masks[at.which][at.domain];
      if (now == wanted) continue;
      if (collides(item, at, wanted)) {
        whole = false;
        continue;
      }
      add_masks(lines, *at.cache, at.which, at.domain, wanted);
      now = wanted;
    }
    if (!item.exists && !whole) {
      item.now = before;
      return false;
    }
    write_figures(item, lines);
    if (!item.exists) steps_.push_back({Step::Kind::make, item.name, {}, {}});
    item.exists = true;
    if (lines.resources.empty()) return whole;
    steps_.push_back({Step::Kind::write, item.name, std::move(lines), {}});
    return true;
  }

  void write_figures(Item& item, Schemata& lines) const {
    for (const Throttle throttle : kThrottles) {
      const auto& capability = capability_.throttles[throttle];
      if (!capability) continue;
      auto& now = item.now.figures[throttle];
      const auto& wanted = item.wanted.figures[throttle];
      for (size_t domain = 0; domain < wanted.size(); ++domain) {
        // Unlimited is what a new group has: nothing to be written.
        const bool fresh = !item.exists && wanted[domain] == capability->unlimited;
        if (now[domain] != wanted[domain] && !fresh) {
          lines.resources[std::string(name_of(throttle))][capability->domains[domain]] =
              wanted[domain];
        }
        now[domain] = wanted[domain];
      }
    }
  }

  Control empty_like(const Control& control) const {
    Control empty;
    for (const Cache which : kCaches) empty.masks[which].resize(control.masks[which].size());
    for (const Throttle throttle : kThrottles) {
      empty.figures[throttle].resize(control.figures[throttle].size());
    }
    return empty;
  }

  // Nobody can go where he wants to: somebody gives up first what he will not keep.
  bool squeeze() {
    for (Item& item : items_) {
      if (!item.exists) continue;
      Schemata lines;
      for (const Place& at : places_) {
        Masks& now = item.now.masks[at.which][at.domain];
        const Masks& wanted = item.wanted.masks[at.which][at.domain];
        const Masks kept{now.data & wanted.data, now.code & wanted.code};
        if (kept == now || !valid(*at.cache, kept.data) || !valid(*at.cache, kept.code)) continue;
        add_masks(lines, *at.cache, at.which, at.domain, kept);
        now = kept;
      }
      if (lines.resources.empty()) continue;
      steps_.push_back({Step::Kind::write, item.name, std::move(lines), {}});
      return true;
    }
    return false;
  }

  static bool valid(const CacheCapability& cache, WayMask mask) {
    return mask.count() >= cache.min_ways && (cache.sparse || mask.contiguous());
  }

  // Holders overlap already, somebody else's doing: each gets what is its own, whatever the order.
  void force() {
    for (Item& item : items_) {
      if (as_wanted(item)) continue;
      if (!item.exists) item.now = empty_like(item.wanted);
      Schemata lines;
      for (const Place& at : places_) {
        const Masks& wanted = item.wanted.masks[at.which][at.domain];
        if (item.now.masks[at.which][at.domain] == wanted) continue;
        add_masks(lines, *at.cache, at.which, at.domain, wanted);
      }
      write_figures(item, lines);
      if (!item.exists) steps_.push_back({Step::Kind::make, item.name, {}, {}});
      steps_.push_back({Step::Kind::write, item.name, std::move(lines), {}});
      item.exists = true;
      item.now.masks = item.wanted.masks;
      return;
    }
  }

  void monitors(const Item& item) {
    const std::vector<std::string>& there = item.now.monitors;
    for (const std::string& name : there) {
      const std::string_view claim = std::string_view(name).substr(0, name.find('.'));
      const bool known = std::ranges::any_of(
          item.group->members, [&](const Member& member) { return member.claim == claim; });
      if (!known) steps_.push_back({Step::Kind::remove_monitor, item.name, {}, name});
    }
    for (const Member& member : item.group->members) {
      if (!member.monitored || std::ranges::find(there, member.claim) != there.end()) continue;
      steps_.push_back({Step::Kind::make_monitor, item.name, {}, member.claim});
    }
  }

  const Capability& capability_;
  std::vector<Item> items_;  // the default group first
  std::vector<Place> places_;
  std::vector<Step> steps_;
};

}  // namespace

std::vector<Step> transition(const Capability& capability, const KernelState& now,
                             const Layout& layout) {
  return Transition(capability, now, layout).run();
}

std::string to_string(const Step& step) {
  const std::string group = step.group.empty() ? "default group" : "'" + step.group + "'";
  switch (step.kind) {
    case Step::Kind::make:
      return "make " + group;
    case Step::Kind::remove:
      return "remove " + group;
    case Step::Kind::make_monitor:
      return fmt::format("make monitor group '{}' in {}", step.monitor, group);
    case Step::Kind::remove_monitor:
      return fmt::format("remove monitor group '{}' in {}", step.monitor, group);
    case Step::Kind::set_exclusive:
      return fmt::format("set mode of {} to exclusive", group);
    case Step::Kind::write:
      break;
  }
  std::string lines = format_schemata(step.lines);
  std::ranges::replace(lines, '\n', ' ');
  if (!lines.empty()) lines.pop_back();
  return fmt::format("write {} {}", group, lines);
}

Control control_of(const Capability& capability, const Layout& layout, const Clos& group) {
  Control control;
  for (const Cache which : kCaches) {
    const auto& cache = capability.caches[which];
    if (!cache) continue;
    for (size_t domain = 0; domain < cache->domains.size(); ++domain) {
      control.masks[which].push_back(masks_of(*cache, layout, group, which, domain));
    }
  }
  for (const Throttle throttle : kThrottles) {
    const auto& bandwidth = capability.throttles[throttle];
    if (!bandwidth) continue;
    for (const Rate& rate : group.rates[throttle]) {
      control.figures[throttle].push_back(rate.figure == 0 ? bandwidth->unlimited : rate.figure);
    }
  }
  return control;
}

Schemata lines_of(const Capability& capability, const Control& control) {
  Schemata lines;
  for (const Cache which : kCaches) {
    const auto& cache = capability.caches[which];
    for (size_t domain = 0; cache && domain < cache->domains.size(); ++domain) {
      add_masks(lines, *cache, which, domain, control.masks[which][domain]);
    }
  }
  for (const Throttle throttle : kThrottles) {
    const auto& bandwidth = capability.throttles[throttle];
    for (size_t domain = 0; bandwidth && domain < bandwidth->domains.size(); ++domain) {
      lines.resources[std::string(name_of(throttle))][bandwidth->domains[domain]] =
          control.figures[throttle][domain];
    }
  }
  return lines;
}

}  // namespace berth::rdt
