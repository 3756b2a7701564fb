#include "tests/rdt/random_node.h"

#include <fmt/format.h>

#include <algorithm>

namespace berth::rdt {

namespace {

constexpr uint64_t kL3Bytes = 32 << 20, kL2Bytes = 1 << 20;

unsigned pick(std::mt19937& random, unsigned below) {
  return static_cast<unsigned>(random() % below);
}

CacheCapability cache_of(uint64_t full, uint64_t shareable, const Shape& shape,
                         std::vector<unsigned> domains) {
  return {WayMask(full), WayMask(shareable), shape.min_ways,    shape.max_groups + 1,
          shape.sparse,  shape.code_data,    std::move(domains)};
}

Amount random_amount(std::mt19937& random, unsigned ways, uint64_t bytes) {
  switch (pick(random, 4)) {
    case 0:
      return {Amount::Unit::percent, 1 + pick(random, 60)};
    case 1:
      return {Amount::Unit::bytes, 1 + pick(random, static_cast<unsigned>(bytes / 2))};
    case 2:
      return {Amount::Unit::automatic, 0};
    default:
      return {Amount::Unit::ways, 1 + pick(random, ways / 2 + 1)};
  }
}

CacheWish random_cache_wish(std::mt19937& random, const Shape& shape, unsigned ways,
                            uint64_t bytes) {
  if (shape.code_data && pick(random, 2) == 0) {
    return {{},
            Amount{Amount::Unit::ways, 1 + pick(random, 3)},
            Amount{Amount::Unit::ways, 1 + pick(random, 3)}};
  }
  return {random_amount(random, ways, bytes), {}, {}};
}

}  // namespace

Capability capability_of(const Shape& shape) {
  Capability capability;
  capability.caches.l3 = cache_of(shape.full, shape.shareable, shape, shape.domains);
  if (shape.l2_full != 0) {
    std::vector<unsigned> ids;
    for (unsigned id = 0; id < 2 * shape.domains.size(); ++id) ids.push_back(id);
    capability.caches.l2 = cache_of(shape.l2_full, 0, shape, std::move(ids));
  }
  if (shape.bandwidth) {
    capability.throttles.mb = BandwidthCapability{
        BandwidthCapability::Unit::percent, 10, 10, 100, shape.max_groups + 1, shape.domains};
  }
  capability.monitor = MonitorCapability{64, {"llc_occupancy"}};
  capability.max_groups = shape.max_groups;
  return capability;
}

MaskKernel::MaskKernel(const Capability& capability, std::vector<Foreign> foreign)
    : capability_(&capability) {
  for (const Cache cache : kCaches) {
    if (!capability.caches[cache]) continue;
    const WayMask full = capability.caches[cache]->full;
    state_.default_group.masks[cache].assign(capability.caches[cache]->domains.size(),
                                             {full, full});
  }
  for (const Throttle throttle : kThrottles) {
    if (!capability.throttles[throttle]) continue;
    state_.default_group.figures[throttle].assign(capability.throttles[throttle]->domains.size(),
                                                  capability.throttles[throttle]->unlimited);
  }
  state_.foreign = std::move(foreign);
}

Control* MaskKernel::find(const std::string& group) {
  if (group.empty()) return &state_.default_group;
  const auto found = std::ranges::find(state_.groups, group, &KernelGroup::name);
  return found == state_.groups.end() ? nullptr : &found->control;
}

const Control& MaskKernel::control(const std::string& group) const {
  if (group.empty()) return state_.default_group;
  return std::ranges::find(state_.groups, group, &KernelGroup::name)->control;
}

std::string MaskKernel::write(Control& control, const Schemata& lines) {
  for (const auto& [name, values] : lines.resources) {
    for (const auto& [id, value] : values) {
      if (!is_cache_resource(name)) {
        const Throttle throttle = name == "MB" ? Throttle::mb : Throttle::smba;
        control.figures[throttle].at(*capability_->throttles[throttle]->index_of(id)) = value;
        continue;
      }
      const Cache cache = name.starts_with("L3") ? Cache::l3 : Cache::l2;
      const CacheCapability& capability = *capability_->caches[cache];
      const WayMask mask(value);
      if (!capability.full.contains(mask) || mask.count() < capability.min_ways ||
          (!capability.sparse && !mask.contiguous())) {
        return fmt::format("{}:{}={} is no mask", name, id, mask.to_hex());
      }
      if (capability.code_data != (name.size() > 2)) return name + " is no resource";
      Masks& held = control.masks[cache].at(*capability.index_of(id));
      if (!name.ends_with("CODE")) held.data = mask;
      if (!name.ends_with("DATA")) held.code = mask;
    }
  }
  return {};
}

// With a group in the mode `exclusive`, nobody's mask may overlap its own, in no cache; nor may
// devices' ways.
std::string MaskKernel::overlap_of(const std::string& group, const Control& control) const {
  std::string found;
  const auto look = [&](const std::string& name, const Control& other) {
    if (name == group || !(control.exclusive_mode || other.exclusive_mode)) return;
    for (const Cache cache : kCaches) {
      for (size_t domain = 0; domain < control.masks[cache].size(); ++domain) {
        if (!control.masks[cache][domain].all().intersects(other.masks[cache][domain].all()))
          continue;
        found = fmt::format("'{}' and '{}' overlap in {}, and one is exclusive", group, name,
                            name_of(cache));
      }
    }
  };
  for (const Foreign& stranger : state_.foreign) {
    Control theirs;
    theirs.exclusive_mode = stranger.exclusive_mode;
    for (const Cache cache : kCaches) {
      for (const WayMask ways : stranger.ways[cache]) theirs.masks[cache].push_back({ways, ways});
    }
    look(stranger.name, theirs);
  }
  look("", state_.default_group);
  for (const KernelGroup& other : state_.groups) look(other.name, other.control);
  for (const Cache cache : kCaches) {
    if (!control.exclusive_mode || !capability_->caches[cache]) continue;
    for (const Masks& masks : control.masks[cache]) {
      if (masks.all().intersects(capability_->caches[cache]->shareable)) found = "devices' ways";
    }
  }
  return found;
}

void MaskKernel::leave(const std::string& stranger) {
  std::erase_if(state_.foreign, [&](const Foreign& group) { return group.name == stranger; });
}

std::string MaskKernel::apply(const Step& step) {
  Control* control = find(step.group);
  if (step.kind == Step::Kind::make) {
    if (control != nullptr) return "there is such a group";
    if (state_.groups.size() + state_.foreign.size() >= capability_->max_groups) {
      return "out of CLOSIDs";
    }
    // The worst that a kernel could give it; nobody is in it yet.
    Control fresh = MaskKernel(*capability_, {}).state_.default_group;
    state_.groups.push_back({step.group, std::move(fresh)});
    return {};
  }
  if (control == nullptr) return "there is no such group";
  if (step.kind == Step::Kind::write) {
    std::string refused = write(*control, step.lines);
    return refused.empty() ? overlap_of(step.group, *control) : refused;
  }
  if (step.kind == Step::Kind::make_monitor) control->monitors.push_back(step.monitor);
  if (step.kind == Step::Kind::remove_monitor) std::erase(control->monitors, step.monitor);
  if (step.kind == Step::Kind::set_exclusive) {
    control->exclusive_mode = true;
    return overlap_of(step.group, *control);
  }
  if (step.kind == Step::Kind::remove) {
    std::erase_if(state_.groups, [&](const KernelGroup& g) { return g.name == step.group; });
  }
  return {};
}

std::vector<size_t> random_domains(std::mt19937& random, const Shape& shape) {
  std::vector<size_t> in;
  const unsigned first = pick(random, static_cast<unsigned>(shape.domains.size()));
  in.push_back(first);
  for (size_t i = 0; i < shape.domains.size(); ++i) {
    if (i != first && pick(random, 4) == 0) in.push_back(i);
  }
  std::ranges::sort(in);
  return in;
}

Wish random_wish(std::mt19937& random, const Shape& shape, const std::vector<size_t>& in) {
  Wish wish;
  wish.asked = "something";
  for (const size_t at : in) {
    wish.domains.l3.push_back({shape.domains[at], kL3Bytes, 1 + pick(random, 8), 8});
    if (shape.l2_full == 0) continue;
    for (const unsigned half : {0U, 1U}) {
      wish.domains.l2.push_back({static_cast<unsigned>(2 * at + half), kL2Bytes, 4, 4});
    }
  }
  const auto ways = static_cast<unsigned>(std::popcount(shape.full));
  const unsigned kind = pick(random, 10);
  if (kind == 0 && !shape.rules.kernel_exclusive) {
    wish.of_class = ClassWish{"gold",
                              pick(random, 2) == 0 ? "big" : "small",
                              {Amount{Amount::Unit::percent, 30}, {}},
                              {}};
    wish.caches.l3 =
        CacheWish{Amount{Amount::Unit::percent, wish.of_class->name == "big" ? 100U : 50U}, {}, {}};
    return wish;
  }
  wish.shared = kind == 1;
  if (kind != 2) wish.caches.l3 = random_cache_wish(random, shape, ways, kL3Bytes);
  if (shape.l2_full != 0 && kind % 3 == 0) {
    wish.caches.l2 = random_cache_wish(random, shape, 8, kL2Bytes);
  }
  if (shape.bandwidth && (kind == 2 || pick(random, 3) == 0)) {
    wish.throttles.mb = Bandwidth{Bandwidth::Unit::percent, 10 * (1 + pick(random, 10))};
  }
  return wish;
}

std::string broken_promise(const Capability& capability, const Shape& shape, const Layout& held,
                           const MaskKernel& kernel) {
  for (const Cache cache : kCaches) {
    if (!capability.caches[cache]) continue;
    const CacheCapability& of = *capability.caches[cache];
    for (size_t domain = 0; domain < of.domains.size(); ++domain) {
      const auto where = [&] { return fmt::format("{} {}", name_of(cache), of.domains[domain]); };
      const Masks rest = kernel.control("").masks[cache][domain];
      const WayMask floor = floor_in(of, held, cache, domain, shape.rules.floor_ways);
      if (!rest.data.contains(floor) || !rest.code.contains(floor)) {
        return where() + ": the default group is without its floor";
      }
      for (const Clos& one : held.groups) {
        const Slot& slot = one.slots[cache][domain];
        if (slot.hold != Hold::exclusive) continue;
        const WayMask mine = kernel.control(one.name).masks[cache][domain].all();
        if (mine.count() != slot.ways.count()) return where() + ": fewer ways than granted";
        WayMask others = rest.all();
        if (!shape.rules.io_ways) others = others | of.shareable;
        for (const Foreign& foreign : kernel.state().foreign)
          others = others | foreign.ways[cache][domain];
        for (const Clos& other : held.groups) {
          const bool apart = &other != &one && other.slots[cache][domain].hold != Hold::none &&
                             (one.partition.empty() || one.partition != other.partition);
          if (apart) others = others | kernel.control(other.name).masks[cache][domain].all();
        }
        if (mine.intersects(others)) {
          return fmt::format("{}: {:#x} of '{}' overlaps {:#x}", where(), mine.bits(), one.name,
                             others.bits());
        }
      }
    }
  }
  return {};
}

}  // namespace berth::rdt
