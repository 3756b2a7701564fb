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
  bool operator==(const OwnGroups&) const = default;
};

}  // namespace berth::runtime
