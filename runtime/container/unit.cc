#include "runtime/container/unit.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"
#include "runtime/cgroup/delegation.h"
#include "runtime/cgroup/node.h"
#include "runtime/container/cgroup_place.h"
#include "runtime/process/user_namespace.h"
#include "runtime/resources/apply.h"
#include "runtime/resources/devices.h"
#include "runtime/resources/unit_properties.h"
#include "runtime/systemd/annotations.h"

namespace berth::runtime {
namespace {

using resources::Setting;
using systemd::Property;

bool is_set(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

// The host's root has the system's systemd. Who is root in a user namespace alone may be a user of
// this machine, or root of a container that is a machine of its own: that one has no session.
systemd::Instance instance() {
  const bool root = ::geteuid() == 0;
  const bool session = is_set("DBUS_SESSION_BUS_ADDRESS") || is_set("XDG_RUNTIME_DIR");
  if (root && (!session || process::in_initial_user_namespace())) {
    return systemd::Instance::system;
  }
  return systemd::Instance::user;
}

std::string without_root(std::string path) {
  while (path.starts_with('/')) path.erase(0, 1);
  return path;
}

void set_and_write(systemd::Manager& manager, const cgroup::Hierarchy& hierarchy,
                   const Record& record, const spec::Resources& wished) {
  std::vector<Setting> limits = resources::limits_for(hierarchy, record.cgroup, wished);
  std::vector<Setting> settings = resources::settings_for(hierarchy, record.cgroup, wished);
  std::ranges::move(limits, std::back_inserter(settings));
  if (settings.empty()) return;
  resources::round_cpu_quota(settings);
  const auto has_file = [&](const Setting& setting, const resources::FileValue& choice) {
    return resources::has_file(hierarchy, record.cgroup, setting.controller, choice.file);
  };
  manager.set(record.unit, resources::unit_properties(settings, has_file));
  resources::write(hierarchy, record.cgroup, settings);
}

}  // namespace

Unit::Unit(const spec::Spec& spec, const std::string& id)
    : name_(systemd::parse_cgroups_path(spec.linux_.cgroups_path, id,
                                        instance() == systemd::Instance::user)),
      id_(id),
      annotated_(systemd::annotated_properties(spec.annotations)),
      owner_(owner_of_cgroup(spec)),
      resources_(spec.linux_.resources) {
  if (!systemd::is_running()) {
    throw Error(
        "the systemd cgroup driver is asked for, and systemd does not run this host "
        "(there is no /run/systemd/system)");
  }
}

std::vector<Property> Unit::properties(pid_t pid, const cgroup::Hierarchy& hierarchy) const {
  const bool has_v1 = !hierarchy.v1.empty();
  std::vector<Property> list{{"Description", systemd::text("berth container " + id_)}};
  if (name_.is_slice()) {
    if (name_.slice != "-.slice") list.push_back({"Wants", systemd::texts({name_.slice})});
  } else {
    list.push_back({"Slice", systemd::text(name_.slice)});
    list.push_back({"Delegate", systemd::boolean(true)});
    list.push_back({"PIDs", systemd::pids({static_cast<uint32_t>(pid)})});
  }
  // Without its accounting a controller is given to no unit.
  for (const char* const name :
       {"MemoryAccounting", "CPUAccounting", has_v1 ? "BlockIOAccounting" : "IOAccounting",
        "TasksAccounting"}) {
    list.push_back({name, systemd::boolean(true)});
  }
  // Their conflict with shutdown.target would end the container before its engine does.
  list.push_back({"DefaultDependencies", systemd::boolean(false)});
  if (hierarchy.v1_of("devices") != nullptr && !resources_.devices.empty()) {
    std::ranges::move(resources::device_properties(resources_.devices), std::back_inserter(list));
  }
  std::ranges::copy(annotated_, std::back_inserter(list));
  return list;
}

std::string Unit::cgroup_of_process(pid_t pid, const cgroup::Hierarchy& hierarchy) {
  const bool unified = hierarchy.v1_of("name=systemd") == nullptr;
  const std::string text = read_file(AT_FDCWD, "/proc/" + std::to_string(pid) + "/cgroup");
  const auto cgroup = cgroup::path_of_process(text, unified ? "" : "name=systemd");
  const auto below =
      cgroup ? cgroup::below_mount(unified ? hierarchy.v2_root : "/", *cgroup) : std::nullopt;
  if (!below || below->empty() || !cgroup->ends_with("/" + systemd::cgroup_of(name_))) {
    throw Error("systemd unit '" + name_.unit + "': its process is in cgroup '" +
                cgroup.value_or("") + "', not in '" + systemd::cgroup_of(name_) + "'");
  }
  return *below;
}

systemd::Manager& Unit::manager() {
  if (!manager_) manager_ = systemd::Manager::connect(instance());
  return *manager_;
}

std::string Unit::expected_cgroup() {
  return without_root(manager().cgroup() + "/" + cgroup_of(name_));
}

void Unit::start(pid_t pid, Record& record) {
  const auto hierarchy = cgroup::detect(cgroup::ControllerSet::container);
  const std::string expected = expected_cgroup();
  if (!name_.is_slice()) require_unused(hierarchy, expected);  // it may have been made by others
  manager().start(name_.unit, properties(pid, hierarchy));
  record.unit = name_.unit;
  record.cgroup = name_.is_slice() ? expected : cgroup_of_process(pid, hierarchy);
  // The controllers that systemd does not know, and on v1 their groups.
  const auto node = cgroup::Node::create(hierarchy, record.cgroup, {});
  CgroupJoin join = node.join();
  if (!name_.is_slice()) join.v2_procs.reset();  // systemd has moved it
  join_other(join, pid);
  if (owner_ && hierarchy.v1.empty()) cgroup::give_group(hierarchy, record.cgroup, *owner_);
  if (!resources_.devices.empty()) {
    resources::restrict_devices(hierarchy, record.cgroup, resources_.devices);
  }
}

void Unit::limit(const cgroup::Hierarchy& hierarchy, const Record& record) {
  set_and_write(manager(), hierarchy, record, resources_);
}

void apply_resources(const cgroup::Hierarchy& hierarchy, const Record& record,
                     const spec::Resources& wished) {
  if (!record.unit.empty()) {
    auto manager = systemd::Manager::connect(instance());
    return set_and_write(manager, hierarchy, record, wished);
  }
  // First what can be refused for its size: nothing else has changed then.
  resources::apply_limits(hierarchy, record.cgroup, wished);
  resources::apply(hierarchy, record.cgroup, wished);
}

void stop_unit(const Record& record) {
  if (record.unit.empty()) return;
  systemd::Manager::connect(instance()).stop(record.unit);
}

bool needs_attach(const cgroup::Hierarchy& hierarchy, const Record& record) {
  return !record.unit.empty() && instance() == systemd::Instance::user &&
         !cgroup::may_move_into(hierarchy, read_file(AT_FDCWD, "/proc/self/cgroup"), record.cgroup);
}

void attach_to_unit(const Record& record, const std::vector<std::string>& groups, pid_t pid) {
  auto manager = systemd::Manager::connect(instance());
  for (size_t i = 0;; ++i) {
    try {
      return manager.attach(record.unit, groups.at(i), pid);
    } catch (const Error& e) {
      if (i + 1 == groups.size()) throw;
      if (tracing()) trace(e.message());
    }
  }
}

}  // namespace berth::runtime
