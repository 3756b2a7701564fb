// The sources of a plan's binds, taken hold of on the host before any namespace is entered.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/fd.h"
#include "runtime/rootfs/id_mapper.h"
#include "runtime/rootfs/mount_plan.h"

namespace berth::runtime::rootfs {

struct BindSource {
  // What open_bind gave, its propagation cut; it may be empty.
  UniqueFd tree;
  // The tree is all that will be asked for: it is id-mapped, which nobody in the container's user
  // namespace may do.
  bool final = false;
  // Of a bind that is to be id-mapped when it is opened.
  std::shared_ptr<const UniqueFd> id_namespace;
  // Does it where the container's rights are not enough.
  std::shared_ptr<const IdMapper> id_mapper;
};

struct SourceRules {
  bool in_user_namespace = false;  // what opens the rest later has the rights of one
  bool shared = false;             // binds are to propagate: opened in their own mount namespace
};

// Refuses id-mapped mounts to who is no root. Throws Error that names the mount.
void require_right_to_map(std::span<const MountOp> plan);

// One for each mount of the plan, empty for what is no bind. Relative sources are taken from the
// working directory. Throws Error that names the mount.
std::vector<BindSource> take_sources(std::span<const MountOp> plan, const SourceRules& rules);

}  // namespace berth::runtime::rootfs
