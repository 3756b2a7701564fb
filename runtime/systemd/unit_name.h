// What linux.cgroupsPath means to systemd: `SLICE:PREFIX:NAME`, the unit that is a container's
// cgroup, and where that cgroup is. Pure.
#pragma once

#include <string>
#include <string_view>

namespace berth::runtime::systemd {

struct UnitName {
  std::string slice;  // the unit is in it: `system.slice`; `-.slice` is the root
  std::string unit;   // `PREFIX-NAME.scope`, or NAME where that is a slice itself
  bool is_slice() const { return unit.ends_with(".slice"); }
  bool operator==(const UnitName&) const = default;
};

// `path` is linux.cgroupsPath. Empty: `:berth:ID`. An empty slice is system.slice, for a user's
// own systemd user.slice. Throws Error with the key.
UnitName parse_cgroups_path(std::string_view path, std::string_view id, bool of_user);

// Where a unit's cgroup is below that of its systemd: `a.slice/a-b.slice/x.scope` for x.scope in
// a-b.slice (systemd.slice(5)).
std::string cgroup_of(const UnitName& name);

}  // namespace berth::runtime::systemd
