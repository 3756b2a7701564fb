#include "launcher/counters.h"

#include <functional>

#include "base/error.h"

namespace berth::launcher {
namespace {

// Others remove groups under no lock of ours.
void unless_gone(const std::function<void()>& read) {
  try {
    read();
  } catch (const Error& e) {
    if (e.code() != ENOENT && e.code() != ENODEV) throw;
  }
}

std::vector<Counter> counters_of(const rdt::Group& group, const rdt::Clos& clos,
                                 const rdt::Member& member) {
  std::vector<Counter> counters;
  for (const std::string& name : group.monitor_names()) {
    if (claim_of_monitor(name) != member.claim) continue;
    unless_gone([&] {
      const auto monitor = group.find_monitor(name);
      if (monitor) counters.push_back({clos.name, name, monitor->figures()});
    });
  }
  if (counters.empty() && clos.members.size() == 1) {
    counters.push_back({clos.name, {}, group.figures()});
  }
  return counters;
}

}  // namespace

std::string claim_of_monitor(const std::string& monitor) {
  return monitor.substr(0, monitor.find('.'));
}

std::vector<CountedHolder> read_counters(const rdt::Resctrl& resctrl, const rdt::Layout& layout) {
  std::vector<CountedHolder> holders;
  for (const std::string& name : resctrl.group_names()) {
    unless_gone([&] {
      const auto group = resctrl.find(name);
      if (!group) return;
      const rdt::Clos* clos = layout.find(name);
      if (clos == nullptr) {
        holders.push_back({HolderKind::foreign, name, name, {{name, {}, group->figures()}}});
        return;
      }
      for (const rdt::Member& member : clos->members) {
        holders.push_back(
            {HolderKind::claim, member.claim, member.purpose, counters_of(*group, *clos, member)});
      }
    });
  }
  holders.push_back(
      {HolderKind::rest, {}, "default group", {{{}, {}, resctrl.default_group().figures()}}});
  return holders;
}

}  // namespace berth::launcher
