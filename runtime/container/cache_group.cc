#include "runtime/container/cache_group.h"

#include <algorithm>

#include "base/error.h"
#include "rdt/container_group.h"

namespace berth::runtime {
namespace {

constexpr const char* kKey = "config.json: linux.intelRdt";

// Later lines win, as they would if each was written.
rdt::Schemata merged(const std::vector<std::string>& lines) {
  rdt::Schemata all;
  for (const std::string& line : lines) {
    for (const auto& [resource, values] : rdt::parse_schemata(line).resources) {
      for (const auto& [domain, value] : values) all.resources[resource][domain] = value;
    }
  }
  return all;
}

rdt::Resctrl open_resctrl() {
  auto resctrl = rdt::Resctrl::open();
  if (!resctrl) throw Error("no resctrl is mounted at /sys/fs/resctrl");
  return std::move(*resctrl);
}

rdt::ContainerGroup group_of(const CacheGroup& group) {
  return {.name = group.name,
          .monitor = group.monitor,
          .made = group.made,
          .goes_with_it = group.made && !group.stays};
}

}  // namespace

CacheGroup make_cache_group(const spec::IntelRdt& wish, const std::string& id) {
  try {
    const rdt::ContainerGroup made = rdt::make_container_group(
        open_resctrl(), id, {wish.clos_id, merged(wish.lines), wish.enable_monitoring});
    return {
        .name = made.name, .monitor = made.monitor, .made = made.made, .stays = !made.goes_with_it};
  } catch (const Error& e) {
    throw e.within(kKey);
  }
}

void join_cache_group(const CacheGroup& group, pid_t pid) {
  rdt::add_process(open_resctrl(), group_of(group), pid);
}

void remove_cache_group(const CacheGroup& group) {
  const bool goes = group.made && !group.stays;
  if (!goes && group.monitor.empty()) return;
  const auto resctrl = rdt::Resctrl::open();
  if (resctrl) rdt::remove_container_group(*resctrl, group_of(group));
}

void undo_cache_group(const CacheGroup& group) {
  const auto resctrl = rdt::Resctrl::open();
  if (resctrl) rdt::undo_container_group(*resctrl, group_of(group));
}

void update_cache_group(const CacheGroup& group, const std::vector<std::string>& lines) {
  if (!group.made) {
    throw Error("resctrl group '" + (group.name.empty() ? "/" : group.name) +
                "' was not made for this container: it is not changed");
  }
  const rdt::Resctrl resctrl = open_resctrl();
  const rdt::Resctrl::Lock lock = resctrl.lock();
  const auto found = resctrl.find(group.name);
  if (!found) throw Error("find resctrl group", group.name, ENOENT);
  found->write(merged(lines));
}

}  // namespace berth::runtime
