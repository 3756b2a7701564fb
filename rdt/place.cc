// Where claims' tasks are, and going there.
#include <algorithm>

#include "base/error.h"
#include "rdt/ledger.h"
#include "rdt/observe.h"

namespace berth::rdt {

std::optional<Place> place_of(const Layout& layout, std::string_view claim) {
  const Clos* group = layout.group_of(claim);
  if (group == nullptr) return std::nullopt;
  const Member* member = layout.member(claim);
  return Place{group->name, member->monitored ? member->claim : ""};
}

std::optional<Place> own_place_of(const Layout& layout, std::string_view claim) {
  std::optional<Place> place = place_of(layout, claim);
  if (!place) return std::nullopt;
  if (layout.group_of(claim)->members.size() == 1) return Place{place->group, {}};
  return place->monitor.empty() ? std::nullopt : place;
}

OpenPlace open_place(const Resctrl& resctrl, const Place& place) {
  std::optional<Group> group = resctrl.find(place.group);
  if (!group) throw Error("find resctrl group", place.group, ENOENT);
  std::optional<Group> monitor;
  if (!place.monitor.empty()) {
    monitor = group->find_monitor(place.monitor);
    if (!monitor) throw Error("find resctrl monitor group", place.monitor, ENOENT);
  }
  return {std::move(*group), std::move(monitor)};
}

bool OpenPlace::add(pid_t tid) const {
  // A monitor group takes only who is in its control group.
  return group.add_task(tid) && (!monitor || monitor->add_task(tid));
}

std::optional<Place> make_part(const Resctrl& resctrl, const Place& place,
                               const std::string& part) {
  if (place.monitor.empty()) return std::nullopt;
  const Resctrl::Lock lock = resctrl.lock();
  const Capability capability = resctrl.capability();
  // A claim that is still to come needs two: its group's and its own.
  const unsigned claims = capability.max_groups;
  const unsigned kept =
      2 *
      (claims - std::min<unsigned>(claims, static_cast<unsigned>(resctrl.group_names().size())));
  if (!capability.monitor || rmids_in_use(resctrl) + kept >= capability.monitor->num_rmids) {
    return std::nullopt;
  }
  Place made{place.group, place.monitor + "." + part};
  try {
    const std::optional<Group> group = resctrl.find(place.group);
    if (!group) return std::nullopt;
    (void)group->make_monitor(made.monitor);
    return made;
  } catch (const Error& e) {
    if (e.code() == EEXIST) return made;
    if (e.code() == ENOSPC || e.code() == EBUSY) return std::nullopt;
    throw;
  }
}

void remove_part(const Resctrl& resctrl, const Place& part) {
  const std::optional<Group> group = resctrl.find(part.group);
  if (group) group->remove_monitor(part.monitor);
}

}  // namespace berth::rdt
