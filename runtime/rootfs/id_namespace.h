// The user namespaces that say which ids an id-mapped mount shows (mount_setattr(2),
// MOUNT_ATTR_IDMAP). No process lives in them.
#pragma once

#include <memory>
#include <vector>

#include "base/fd.h"
#include "runtime/rootfs/id_mapping.h"

namespace berth::runtime::rootfs {

// Mounts with equal maps share one. It may outlive this object.
class IdNamespaces {
 public:
  // Forks where it must make one; takes the host's /proc and the right to map the ids.
  std::shared_ptr<const UniqueFd> get(const MountIdMap& map);

 private:
  struct Made {
    MountIdMap map;
    std::shared_ptr<const UniqueFd> fd;
  };
  std::vector<Made> made_;
};

}  // namespace berth::runtime::rootfs
