#include "tests/support/resctrl/groups.h"

#include <algorithm>
#include <cerrno>

#include "tests/support/resctrl/control.h"
#include "tests/support/resctrl/group_files.h"

namespace berth::test::resctrl {

namespace {

int take_rmid(State& state, Group& group) {
  if (!state.rmids) return 0;
  look_at_limbo(state);
  const int error = state.rmids->take(group.rmid);
  if (error == 0) state.last_closid[group.rmid] = group.closid;
  return error == 0 ? 0 : state.status.put(error, "Out of RMIDs");
}

void free_rmid(State& state, const Group& group) {
  if (state.rmids) state.rmids->free(group.rmid, state.now(), occupancy(state), state.threshold);
}

int take_closid(State& state, Group& group) {
  const auto unused = std::ranges::find(state.closids, false);
  if (unused == state.closids.end()) return state.status.put(ENOSPC, "Out of CLOSIDs");
  *unused = true;
  group.closid = static_cast<unsigned>(unused - state.closids.begin());
  if (state.rmids) state.last_closid[group.rmid] = group.closid;
  return 0;
}

// Each step is undone by those before it where a later one fails.
int fill(State& state, Group& group) {
  const bool rmid_first = state.profile.rmid_first();
  if (rmid_first) {
    if (const int error = take_rmid(state, group)) return error;
  }
  if (const int error = take_closid(state, group)) {
    // Into limbo: a failed mkdir costs an RMID for a while.
    if (rmid_first) free_rmid(state, group);
    return error;
  }
  if (!rmid_first) {
    if (const int error = take_rmid(state, group)) {
      state.closids[group.closid] = false;
      return error;
    }
  }
  if (const int error = give_first_values(state, group)) {
    state.closids[group.closid] = false;
    free_rmid(state, group);
    return error;
  }
  return 0;
}

template <class List>
void drop(List& list, const Group& group) {
  std::erase_if(list, [&](const auto& one) { return one.get() == &group; });
}

}  // namespace

Made make_control_group(State& state, const std::string& name) {
  Made made{0, std::make_shared<Group>()};
  made.group->name = name;
  made.error = fill(state, *made.group);
  if (made.error == 0) state.groups.push_back(made.group);
  return made;
}

Made make_monitor_group(State& state, Group& parent, const std::string& name) {
  Made made{0, std::make_shared<Group>()};
  made.group->name = name;
  made.group->parent = &parent;
  made.group->closid = parent.closid;
  made.error = take_rmid(state, *made.group);
  if (made.error == 0) parent.children.push_back(made.group);
  return made;
}

void remove_group(State& state, Group& group) {
  Group& heir = group.monitors_only() ? *group.parent : *state.root;
  move_tasks(state, group, heir);
  free_rmid(state, group);
  if (group.monitors_only()) {
    drop(heir.children, group);  // its CPUs are its parent's too
    return;
  }
  heir.cpus.insert(group.cpus.begin(), group.cpus.end());
  state.closids[group.closid] = false;
  for (const auto& child : group.children) free_rmid(state, *child);
  group.children.clear();
  drop(state.groups, group);
}

int move_monitor_group(State& state, Group& group, Group& parent, const std::string& name) {
  if (!group.cpus.empty() && group.parent != &parent) {
    return state.status.put(EPERM, "Cannot move a MON group that monitors CPUs");
  }
  group.name = name;
  if (group.parent == &parent) return 0;
  auto& siblings = group.parent->children;
  const auto at = std::ranges::find_if(siblings, [&](const auto& g) { return g.get() == &group; });
  parent.children.push_back(*at);
  siblings.erase(at);
  group.parent = &parent;
  group.closid = parent.closid;
  state.last_closid[group.rmid] = parent.closid;
  move_tasks(state, group, group);
  return 0;
}

Rmids::Occupancy occupancy(const State& state) {
  return [&state](unsigned rmid, size_t domain) -> uint64_t {
    const auto closid = state.last_closid.find(rmid);
    const Question question{rmid, closid == state.last_closid.end() ? 0 : closid->second,
                            state.processor.monitor->domains[domain].id, std::nullopt,
                            "llc_occupancy"};
    return state.figures(question).value_or(0);
  };
}

void look_at_limbo(State& state) {
  if (state.rmids) state.rmids->look(state.now(), occupancy(state), state.threshold);
}

}  // namespace berth::test::resctrl
