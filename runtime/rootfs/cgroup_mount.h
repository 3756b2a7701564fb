// /sys/fs/cgroup as the container sees it: v2, or a directory of v1 hierarchies on hosts that have
// them.
#pragma once

#include "runtime/rootfs/mount_plan.h"
#include "runtime/rootfs/root_dir.h"

namespace berth::runtime::rootfs {

// With a cgroup namespace, a new view that begins at the container's own cgroup. Without, of v1
// hierarchies the own cgroup (of a v2 beside them too, if it is not the root), of v2 alone what the
// host has. What is not the container's alone is always read-only: who could write there would
// change other people's limits. Does nothing on a host without cgroups.
void mount_cgroups(const MountOp& op, const RootDir& root);

}  // namespace berth::runtime::rootfs
