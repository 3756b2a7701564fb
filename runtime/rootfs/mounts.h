// Does what the mount plan says: sources by open_tree(2), targets resolved in the root, attached by
// descriptor. No path is given to the kernel after it was looked at.
#pragma once

#include "base/fd.h"
#include "runtime/rootfs/mount_plan.h"
#include "runtime/rootfs/root_dir.h"
#include "runtime/rootfs/sources.h"

namespace berth::runtime::rootfs {

// The tree that a bind shows, detached and cut from the host's (mounts made in it stay in it).
// Relative sources are taken from the working directory. Empty where an optional source does not
// exist.
UniqueFd open_bind(const MountOp& op);

// `source.tree` serves where the user namespace may not reach the source. It is not the first
// choice: on a tree that comes from outside the host's flags (nosuid, nodev, read-only) are not
// locked.
void perform(const MountOp& op, const RootDir& root, BindSource source);

// The same for a bind at `/`: gives the root from then on, in which what comes later is mounted.
RootDir perform_at_root(const MountOp& op, const RootDir& root, BindSource source);

// After everything was mounted: what had to be writable until now.
void finish(const MountOp& op, const RootDir& root);

}  // namespace berth::runtime::rootfs
