// The cgroups that are a container's alone, for who makes its tree and is not in them yet.
#pragma once

#include <string>
#include <vector>

#include "runtime/cgroup/hierarchy.h"

namespace berth::runtime {

struct OwnGroups {
  cgroup::Hierarchy hierarchy;
  std::vector<std::string> mounts;  // of hierarchies where it has a group: cgroup::mounts_of_groups
  std::string path;                 // below each of them
  // v2's group is not joined by the clone either. A cgroup namespace is made in it, so by then.
  bool v2_too = false;
  bool operator==(const OwnGroups&) const = default;
};

}  // namespace berth::runtime
