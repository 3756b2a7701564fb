#include "rdt/observe.h"

#include "base/error.h"

namespace berth::rdt {

namespace {

uint64_t value_in(const Schemata& schemata, const std::string& resource, unsigned domain) {
  const auto line = schemata.resources.find(resource);
  if (line == schemata.resources.end()) return 0;
  const auto value = line->second.find(domain);
  return value == line->second.end() ? 0 : value->second;
}

Control control_from(const Schemata& schemata, const Capability& capability) {
  Control control;
  for (const Cache which : kCaches) {
    const auto& cache = capability.caches[which];
    if (!cache) continue;
    const std::string name(name_of(which));
    control.masks[which].reserve(cache->domains.size());
    for (const unsigned id : cache->domains) {
      const auto value = [&](const char* half) {
        return WayMask(value_in(schemata, cache->code_data ? name + half : name, id));
      };
      control.masks[which].push_back({value("DATA"), value("CODE")});
    }
  }
  for (const Throttle throttle : kThrottles) {
    const auto& bandwidth = capability.throttles[throttle];
    if (!bandwidth) continue;
    for (const unsigned id : bandwidth->domains) {
      control.figures[throttle].push_back(value_in(schemata, std::string(name_of(throttle)), id));
    }
  }
  return control;
}

bool has_mode_of_its_own(const Group& group) {
  try {
    const std::string mode = group.mode();
    return mode == "exclusive" || mode == "pseudo-locked";
  } catch (const Error& e) {
    if (e.code() != ENOENT) throw;
    return false;  // there are no modes before Linux 4.19
  }
}

// The kernel takes neither mode of a group that has ways of the default group. Most have: mkdir
// gives them those.
bool may_be_exclusive(const Foreign& foreign, const Control& default_group) {
  bool with_ways = false;
  for (const Cache which : kCaches) {
    for (size_t domain = 0; domain < foreign.ways[which].size(); ++domain) {
      const WayMask ways = foreign.ways[which][domain];
      if (ways.intersects(default_group.masks[which][domain].all())) return false;
      with_ways = with_ways || !ways.empty();
    }
  }
  return with_ways;
}

Foreign foreign_from(const std::string& name, const Control& control) {
  Foreign foreign{name, {}};
  for (const Cache which : kCaches) {
    for (const Masks& masks : control.masks[which]) foreign.ways[which].push_back(masks.all());
  }
  return foreign;
}

}  // namespace

KernelState observe(const Resctrl& resctrl, const Capability& capability, const Layout& layout) {
  KernelState state;
  state.default_group = control_from(resctrl.default_group().schemata(), capability);
  for (const std::string& name : resctrl.group_names()) {
    try {
      const std::optional<Group> group = resctrl.find(name);
      if (!group) continue;
      Control control = control_from(group->schemata(), capability);
      const Clos* ours = layout.find(name);
      if (ours == nullptr) {
        Foreign foreign = foreign_from(name, control);
        foreign.exclusive_mode =
            may_be_exclusive(foreign, state.default_group) && has_mode_of_its_own(*group);
        state.foreign.push_back(std::move(foreign));
        continue;
      }
      control.monitors = group->monitor_names();
      if (ours->kernel_exclusive) control.exclusive_mode = group->mode() == "exclusive";
      state.groups.push_back({name, std::move(control)});
    } catch (const Error& e) {
      // Removed meanwhile by somebody who knows no lock.
      if (e.code() != ENODEV && e.code() != ENOENT) throw;
    }
  }
  return state;
}

unsigned rmids_in_use(const Resctrl& resctrl, const KernelState& state) {
  size_t count = 1 + resctrl.default_group().monitor_names().size();
  for (const KernelGroup& group : state.groups) count += 1 + group.control.monitors.size();
  for (const Foreign& stranger : state.foreign) {
    const auto group = resctrl.find(stranger.name);
    if (group) count += 1 + group->monitor_names().size();
  }
  return static_cast<unsigned>(count);
}

unsigned rmids_in_use(const Resctrl& resctrl) {
  KernelState nothing_read;
  for (const std::string& name : resctrl.group_names()) {
    nothing_read.foreign.push_back({name, {}});
  }
  return rmids_in_use(resctrl, nothing_read);
}

PerCache<std::vector<Masks>> default_masks(const KernelState& state) {
  return state.default_group.masks;
}

}  // namespace berth::rdt
