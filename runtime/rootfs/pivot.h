// The root of the mount namespace: cut from the host at the start, exchanged at the end.
#pragma once

#include <string>

#include "runtime/rootfs/mount_options.h"

namespace berth::runtime::rootfs {

// What linux.rootfsPropagation means.
struct RootPropagation {
  Propagation host;     // of all the host's mounts in our namespace, before anything is mounted
  Propagation final;    // of the container's root in the end; type 0 leaves it
  bool shared = false;  // what is mounted in the container may show on the host
  bool operator==(const RootPropagation&) const = default;
};
RootPropagation propagation_of(const std::string& rootfs_propagation);  // pure

void cut_from_host(const RootPropagation& propagation);

// The mount that a directory is on stops propagating: for a root that is attached below a shared
// one.
void make_mount_private(int dir);

// pivot_root(2) into the mount that `root` is the top of; the old root is gone then and `/` is the
// working directory. Falls back to cover_root where the host's root cannot be exchanged.
void pivot_into(int root);

// For hosts that run from their initramfs, as diskless nodes do: the new root is moved on top of
// the old one. A program that has CAP_SYS_ADMIN inside could uncover it.
void cover_root(int root);

// Into another mount namespace, whose tree is left as it is: what is mounted at and below `root`
// becomes a tree in no namespace, and that is `/`. Nobody can leave it upwards: there is nothing
// above. It lives as long as a process has it as its root or working directory.
void move_into(int root, int mount_namespace);

}  // namespace berth::runtime::rootfs
