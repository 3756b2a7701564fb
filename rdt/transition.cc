#include "rdt/transition.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

namespace berth::rdt {

namespace {

// One cache domain of all items, or one domain of a throttle.
struct Place {
  const CacheCapability* cache;
  Cache which;
  size_t domain;
  Masks default_group;  // what the layout and strangers leave it
};
struct RatePlace {
  const BandwidthCapability* capability;
  Throttle throttle;
  size_t domain;
};

// What an item has in one place, and is to have.
struct Cell {
  Hold hold = Hold::none;
  Masks now, wanted;
  bool written = false;  // `now` belongs to the step that is being made
  void set(const Masks& masks) {
    now = masks;
    written = true;
  }
};
struct Figure {
  uint64_t now = 0, wanted = 0;
};

// A group on its way. The default group too.
struct Item {
  const Clos* group = nullptr;       // null: the default group
  const Control* kernels = nullptr;  // null: the group is still to be made
  bool exists = true;                // false: no task can be in it, its masks hurt nobody
  bool settled = false;
};

class Transition {
 public:
  Transition(const Capability& capability, const KernelState& state, const Layout& layout)
      : capability_(capability), layout_(layout) {
    for (const KernelGroup& group : state.groups) {
      if (layout.find(group.name) == nullptr)
        steps_.push_back({Step::Kind::remove, group.name, {}, {}});
    }
    find_places(state.foreign);
    steps_.reserve(steps_.size() + 2 * layout.groups.size() + 2);
    items_.reserve(layout.groups.size() + 1);
    cells_.reserve((layout.groups.size() + 1) * places_.size());
    figures_.reserve((layout.groups.size() + 1) * rate_places_.size());
    add_default_group(state.default_group);
    for (const Clos& group : layout.groups) {
      const auto found = std::ranges::find(state.groups, group.name, &KernelGroup::name);
      add(group, found == state.groups.end() ? nullptr : &found->control);
    }
    for (Item& item : items_) settle(item);
  }

  std::vector<Step> run() {
    while (!std::ranges::all_of(items_, &Item::settled)) {
      bool moved = false;
      for (Item& item : items_) moved = advance(item) || moved;
      if (!moved && !squeeze()) force();
    }
    for (const Item& item : items_) {
      if (item.group == nullptr) continue;
      const bool exclusive = item.kernels != nullptr && item.kernels->exclusive_mode;
      if (item.group->kernel_exclusive && !exclusive) {
        steps_.push_back({Step::Kind::set_exclusive, item.group->name, {}, {}});
      }
      monitors(item);
    }
    return std::move(steps_);
  }

 private:
  void find_places(std::span<const Foreign> strangers) {
    for (const Cache which : kCaches) {
      const auto& cache = capability_.caches[which];
      for (size_t domain = 0; cache && domain < cache->domains.size(); ++domain) {
        places_.push_back({&*cache, which, domain,
                           default_beside_strangers(*cache, layout_, strangers, which, domain)});
      }
    }
    for (const Throttle throttle : kThrottles) {
      const auto& bandwidth = capability_.throttles[throttle];
      for (size_t domain = 0; bandwidth && domain < bandwidth->domains.size(); ++domain) {
        rate_places_.push_back({&*bandwidth, throttle, domain});
      }
    }
  }

  void add_default_group(const Control& now) {
    items_.push_back({nullptr, &now, true, false});
    for (const Place& at : places_) {
      cells_.push_back({Hold::as_default, now.masks[at.which][at.domain], at.default_group});
    }
    for (const RatePlace& at : rate_places_) {
      const uint64_t figure = now.figures[at.throttle][at.domain];
      figures_.push_back({figure, figure});
    }
  }

  void add(const Clos& group, const Control* now) {
    items_.push_back({&group, now, now != nullptr, false});
    for (const Place& at : places_) {
      const Hold hold = group.slots[at.which][at.domain].hold;
      cells_.push_back({hold, now == nullptr ? Masks() : now->masks[at.which][at.domain],
                        hold == Hold::as_default
                            ? at.default_group
                            : masks_of(*at.cache, layout_, group, at.which, at.domain)});
    }
    for (const RatePlace& at : rate_places_) {
      const uint64_t unlimited = at.capability->unlimited;  // what a new group has
      const uint64_t limit = group.rates[at.throttle][at.domain].figure;
      figures_.push_back({now == nullptr ? unlimited : now->figures[at.throttle][at.domain],
                          limit == 0 ? unlimited : limit});
    }
  }

  size_t number_of(const Item& item) const { return static_cast<size_t>(&item - items_.data()); }
  std::span<Cell> cells_of(const Item& item) {
    return std::span(cells_).subspan(number_of(item) * places_.size(), places_.size());
  }
  std::span<Figure> figures_of(const Item& item) {
    return std::span(figures_).subspan(number_of(item) * rate_places_.size(), rate_places_.size());
  }
  static std::string name_of_group(const Item& item) {
    return item.group == nullptr ? std::string() : item.group->name;
  }

  void settle(Item& item) {
    item.settled =
        item.exists &&
        std::ranges::all_of(cells_of(item), [](const Cell& c) { return c.now == c.wanted; }) &&
        std::ranges::all_of(figures_of(item), [](const Figure& f) { return f.now == f.wanted; });
  }

  // Whether `masks` in the hands of `item` would be on ways that another one has now, where one of
  // the two has them to itself. Where a group has nobody its masks hurt nobody.
  bool collides(const Item& item, size_t place, const Masks& masks) const {
    const Hold mine = cells_[number_of(item) * places_.size() + place].hold;
    if (mine == Hold::none) return false;
    const Cell* cell = &cells_[place];
    for (const Item& other : items_) {
      if (&other != &item && other.exists && hurts(item, mine, other, *cell, masks)) return true;
      cell += places_.size();
    }
    return false;
  }

  static bool hurts(const Item& item, Hold mine, const Item& other, const Cell& theirs,
                    const Masks& masks) {
    if (!theirs.now.all().intersects(masks.all())) return false;
    // The default group grows last, even onto ways that nobody uses any more.
    if (theirs.hold == Hold::none) return item.group == nullptr && theirs.now != theirs.wanted;
    if (mine != Hold::exclusive && theirs.hold != Hold::exclusive) return false;
    const bool same_region = item.group != nullptr && other.group != nullptr &&
                             !item.group->partition.empty() &&
                             item.group->partition == other.group->partition;
    return !same_region;
  }

  // Writes what can be written of the item now, all in one; true where it was something.
  bool advance(Item& item) {
    if (item.settled) return false;
    const std::span<Cell> cells = cells_of(item);
    // A new group is made once all of it can be written: until then its ways are the kernel's
    // choice.
    if (!item.exists) {
      for (size_t i = 0; i < cells.size(); ++i) {
        if (collides(item, i, cells[i].wanted)) return false;
      }
    }
    for (size_t i = 0; i < cells.size(); ++i) {
      if (cells[i].now == cells[i].wanted || collides(item, i, cells[i].wanted)) continue;
      cells[i].set(cells[i].wanted);
    }
    return write(item);
  }

  // The step for what was set, with all figures; false where that is nothing.
  bool write(Item& item) {
    Schemata lines = lines_of(cells_of(item));
    add_figures(lines, figures_of(item));
    const bool made = !item.exists;
    if (made) steps_.push_back({Step::Kind::make, item.group->name, {}, {}});
    item.exists = true;
    settle(item);
    if (lines.resources.empty()) return made;
    steps_.push_back({Step::Kind::write, name_of_group(item), std::move(lines), {}});
    return true;
  }

  Schemata lines_of(std::span<Cell> cells) const {
    Schemata lines;
    const CacheCapability* cache = nullptr;
    DomainValues *data = nullptr, *code = nullptr;
    for (size_t i = 0; i < cells.size(); ++i) {
      if (!std::exchange(cells[i].written, false)) continue;
      const Place& at = places_[i];
      if (cache != at.cache) {  // the first of a cache
        cache = at.cache;
        const std::string name(name_of(at.which));
        data = &lines.resources[cache->code_data ? name + "DATA" : name];
        code = cache->code_data ? &lines.resources[name + "CODE"] : nullptr;
      }
      (*data)[cache->domains[at.domain]] = cells[i].now.data.bits();
      if (code != nullptr) (*code)[cache->domains[at.domain]] = cells[i].now.code.bits();
    }
    return lines;
  }

  void add_figures(Schemata& lines, std::span<Figure> figures) const {
    for (size_t i = 0; i < figures.size(); ++i) {
      if (figures[i].now == figures[i].wanted) continue;
      const RatePlace& at = rate_places_[i];
      lines.resources[std::string(name_of(at.throttle))][at.capability->domains[at.domain]] =
          figures[i].wanted;
      figures[i].now = figures[i].wanted;
    }
  }

  // Nobody can go where he wants to: somebody gives up first what he will not keep.
  bool squeeze() {
    for (Item& item : items_) {
      if (!item.exists || item.settled) continue;
      const std::span<Cell> cells = cells_of(item);
      bool less = false;
      for (size_t i = 0; i < cells.size(); ++i) {
        const Masks& now = cells[i].now;
        const Masks& wanted = cells[i].wanted;
        const Masks kept{now.data & wanted.data, now.code & wanted.code};
        const CacheCapability& cache = *places_[i].cache;
        if (kept == now || !valid(cache, kept.data) || !valid(cache, kept.code)) continue;
        cells[i].set(kept);
        less = true;
      }
      if (less) return write(item);
    }
    return false;
  }

  static bool valid(const CacheCapability& cache, WayMask mask) {
    return mask.count() >= cache.min_ways && (cache.sparse || mask.contiguous());
  }

  // Holders overlap already, somebody else's doing: each gets what is its own, whatever the order.
  void force() {
    const auto item = std::ranges::find(items_, false, &Item::settled);
    for (Cell& cell : cells_of(*item)) {
      if (cell.now != cell.wanted) cell.set(cell.wanted);
    }
    write(*item);
  }

  void monitors(const Item& item) {
    static const std::vector<std::string> kNone;
    const std::vector<std::string>& there =
        item.kernels == nullptr ? kNone : item.kernels->monitors;
    const std::string& group = item.group->name;
    for (const std::string& name : there) {
      const std::string_view claim = std::string_view(name).substr(0, name.find('.'));
      const bool known = std::ranges::find(item.group->members, claim, &Member::claim) !=
                         item.group->members.end();
      if (!known) steps_.push_back({Step::Kind::remove_monitor, group, {}, name});
    }
    for (const Member& member : item.group->members) {
      if (!member.monitored || std::ranges::find(there, member.claim) != there.end()) continue;
      steps_.push_back({Step::Kind::make_monitor, group, {}, member.claim});
    }
  }

  const Capability& capability_;
  const Layout& layout_;
  std::vector<Place> places_;
  std::vector<RatePlace> rate_places_;
  std::vector<Item> items_;      // the default group first
  std::vector<Cell> cells_;      // of each item one for each place
  std::vector<Figure> figures_;  // of each item one for each rate place
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

}  // namespace berth::rdt
