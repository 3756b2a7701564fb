#include "rdt/container_group.h"

#include <algorithm>
#include <thread>

#include "base/error.h"
#include "rdt/ledger.h"

namespace berth::rdt {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr const char* kDefault = "/";

std::string flat(const Schemata& schemata) {
  std::string text = format_schemata(schemata);
  if (!text.empty()) text.pop_back();
  std::ranges::replace(text, '\n', ' ');
  return text;
}

// As the kernel will: bandwidth in steps (fs/resctrl/ctrlmondata.c, bw_validate).
Schemata rounded(Schemata wanted, const Capability& capability) {
  const auto line = wanted.resources.find("MB");
  if (line == wanted.resources.end() || !capability.throttles.mb) return wanted;
  const uint64_t step = capability.throttles.mb->granularity;
  for (const auto& [domain, value] : DomainValues(line->second)) {
    line->second[domain] = (value + step - 1) / step * step;
  }
  return wanted;
}

void require_equal(const Resctrl& resctrl, const Group& group, const Schemata& wanted) {
  const Schemata held = group.schemata();
  if (contains(held, rounded(wanted, resctrl.capability()))) return;
  throw Error("resctrl group '" + (group.name().empty() ? kDefault : group.name()) +
              "' is there with '" + flat(held) + "', and not with '" + flat(wanted) + "'");
}

std::optional<Group> find(const Resctrl& resctrl, const std::string& name) {
  if (name.empty()) return resctrl.default_group();
  return resctrl.find(name);
}

Group must_find(const Resctrl& resctrl, const std::string& name) {
  auto group = find(resctrl, name);
  if (!group) throw Error("find resctrl group", name, ENOENT);
  return std::move(*group);
}

// The prefix tells jobs' groups from other people's, and reconcile removes those without a job.
void refuse_prefix_of_jobs(const std::string& name) {
  if (!name.starts_with(kGroupPrefix)) return;
  throw Error("make resctrl group '" + name + "': names that begin with '" +
              std::string(kGroupPrefix) + "' are those of jobs");
}

ContainerGroup make_once(const Resctrl& resctrl, const std::string& container,
                         const ContainerWish& wish) {
  const Resctrl::Lock lock = resctrl.lock();
  ContainerGroup made;
  if (wish.closid != kDefault) made.name = wish.closid.empty() ? container : wish.closid;
  const auto there = find(resctrl, made.name);
  if (there) {
    if (!wish.schemata.resources.empty()) require_equal(resctrl, *there, wish.schemata);
  } else if (!wish.closid.empty() && wish.schemata.resources.empty()) {
    throw Error("there is no resctrl group '" + made.name + "', and no schemata to make it with");
  } else {
    refuse_prefix_of_jobs(made.name);
    (void)resctrl.create(made.name, milliseconds(0));
    made.made = true;
    made.goes_with_it = wish.closid.empty();
  }
  try {
    const Group group = must_find(resctrl, made.name);
    if (made.made) group.write(wish.schemata);
    if (wish.monitor) {
      (void)group.make_monitor(container);
      made.monitor = container;
    }
    return made;
  } catch (const Error&) {
    undo_container_group(resctrl, made);
    throw;
  }
}

}  // namespace

ContainerGroup make_container_group(const Resctrl& resctrl, const std::string& container,
                                    const ContainerWish& wish) {
  const auto deadline = steady_clock::now() + std::chrono::seconds(10);
  for (;;) {
    try {
      return make_once(resctrl, container, wish);
    } catch (const Error& e) {
      // RMIDs in limbo. The lock is for less than 100 ms.
      if (e.code() != EBUSY || steady_clock::now() >= deadline) throw;
    }
    std::this_thread::sleep_for(milliseconds(200));
  }
}

void add_process(const Resctrl& resctrl, const ContainerGroup& group, pid_t pid) {
  const Group control = must_find(resctrl, group.name);
  if (!control.add_task(pid)) throw Error("move to resctrl group", group.name, ESRCH);
  if (group.monitor.empty()) return;
  const auto monitor = control.find_monitor(group.monitor);
  if (!monitor) throw Error("find resctrl monitor group", group.monitor, ENOENT);
  if (!monitor->add_task(pid)) throw Error("move to resctrl group", monitor->name(), ESRCH);
}

void remove_container_group(const Resctrl& resctrl, const ContainerGroup& group) {
  if (group.goes_with_it) {
    (void)resctrl.remove(group.name);  // with the monitor group in it
  } else if (!group.monitor.empty()) {
    if (const auto control = find(resctrl, group.name)) control->remove_monitor(group.monitor);
  }
}

void undo_container_group(const Resctrl& resctrl, const ContainerGroup& group) {
  ContainerGroup all = group;
  all.goes_with_it = group.made;
  remove_container_group(resctrl, all);
}

}  // namespace berth::rdt
