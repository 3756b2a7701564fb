#include <cerrno>

#include "tests/support/resctrl/group_files.h"

namespace berth::test::resctrl {

namespace {

void add(Cpus& these, const Cpus& those) {
  these.insert(those.begin(), those.end());
}

int give_to_monitor(State& state, Group& group, const Cpus& cpus) {
  if (!without(cpus, group.parent->cpus).empty()) {
    return state.status.put(EINVAL, "Can only add CPUs to mongroup that belong to parent");
  }
  add(group.parent->cpus, without(group.cpus, cpus));
  for (const auto& other : group.parent->children) {
    if (other.get() != &group) other->cpus = without(other->cpus, cpus);
  }
  group.cpus = cpus;
  return 0;
}

int give_to_control(State& state, Group& group, const Cpus& cpus) {
  const Cpus dropped = without(group.cpus, cpus), added = without(cpus, group.cpus);
  if (!dropped.empty()) {
    if (&group == state.root.get()) {
      return state.status.put(EINVAL, "Can't drop CPUs from default group");
    }
    add(state.root->cpus, dropped);
  }
  for (const auto& other : state.groups) {
    if (other.get() == &group || both(other->cpus, added).empty()) continue;
    other->cpus = without(other->cpus, added);
    for (const auto& child : other->children) child->cpus = both(child->cpus, other->cpus);
  }
  group.cpus = cpus;
  for (const auto& child : group.children) child->cpus.clear();
  return 0;
}

}  // namespace

int write_cpus(State& state, Group& group, CpuFormat format, std::string_view written) {
  if (state.profile.cleared_by_mkdir_and_cpus()) state.status.clear();
  const unsigned possible = state.processor.possible_cpus;
  Cpus cpus;
  const int error = format == CpuFormat::list ? read_cpu_list(written, possible, cpus)
                                              : read_cpu_mask(written, possible, cpus);
  if (error != 0) return state.status.put(error, "Bad CPU list/mask");
  if (!without(cpus, state.online).empty()) {
    return state.status.put(EINVAL, "Can only assign online CPUs");
  }
  return group.monitors_only() ? give_to_monitor(state, group, cpus)
                               : give_to_control(state, group, cpus);
}

}  // namespace berth::test::resctrl
