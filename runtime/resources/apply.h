// linux.resources in force for a container's group, on v1, v2 and what has some of both. The group
// must have been made with ControllerSet::container. Errors name the key:
// `linux.resources.hugepageLimits[0]: the controller 'hugetlb' is not available`.
#pragma once

#include <string>
#include <vector>

#include "runtime/cgroup/hierarchy.h"
#include "runtime/resources/settings.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::resources {

// Everything but memory.limit, memory.swap and pids.limit (see LateLimits), and but devices.
void apply(const cgroup::Hierarchy& hierarchy, const std::string& path,
           const spec::Resources& resources);

// The three limits at once, in a group that is in use. With memory.checkBeforeUpdate a limit below
// what is in use is refused; without, v2 kills and v1 refuses what cannot be given back.
void apply_limits(const cgroup::Hierarchy& hierarchy, const std::string& path,
                  const spec::Resources& resources);

// What these two write, for who has to tell somebody else of it first.
std::vector<Setting> settings_for(const cgroup::Hierarchy& hierarchy, const std::string& path,
                                  const spec::Resources& resources);
std::vector<Setting> limits_for(const cgroup::Hierarchy& hierarchy, const std::string& path,
                                const spec::Resources& resources);
void write(const cgroup::Hierarchy& hierarchy, const std::string& path,
           const std::vector<Setting>& settings);
// Whether the group has the control file.
bool has_file(const cgroup::Hierarchy& hierarchy, const std::string& path,
              const std::string& controller, const std::string& file);

}  // namespace berth::runtime::resources
