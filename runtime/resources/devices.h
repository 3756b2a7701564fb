// Device rules in force for a container's group: by v1's controller where it is mounted, else by a
// program on v2.
#pragma once

#include <string>
#include <vector>

#include "runtime/cgroup/hierarchy.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::resources {

// `wished` is linux.resources.devices; the defaults come with it (device_rules.h). What was in
// force in the group before is replaced.
void restrict_devices(const cgroup::Hierarchy& hierarchy, const std::string& path,
                      const std::vector<spec::DeviceRule>& wished);

}  // namespace berth::runtime::resources
