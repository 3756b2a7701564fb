// The mounts that this process sees.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace berth::runtime::rootfs {

struct MountPoint {
  uint64_t id = 0;
  std::string path;  // from the process's root
};

// /proc/self/mountinfo, in its order.
std::vector<MountPoint> mount_points();

}  // namespace berth::runtime::rootfs
