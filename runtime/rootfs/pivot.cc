#include "runtime/rootfs/pivot.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "runtime/rootfs/mountinfo.h"
#include "runtime/rootfs/tree.h"

namespace berth::runtime::rootfs {
namespace {

void change_propagation(const std::string& path, const Propagation& propagation) {
  const uint64_t flags = propagation.type | (propagation.recursive ? uint64_t{MS_REC} : 0);
  check(::mount(nullptr, path.c_str(), nullptr, flags, nullptr), "set propagation of", path);
}

std::string mount_point_of(uint64_t mount_id) {
  for (const MountPoint& mount : mount_points()) {
    if (mount.id == mount_id) return mount.path;
  }
  throw Error("find the mount of the root file system", {}, ENOENT);
}

}  // namespace

RootPropagation propagation_of(const std::string& text) {
  const bool recursive = text.starts_with('r');
  const std::string kind = recursive ? text.substr(1) : text;
  const Propagation slave{.type = MS_SLAVE, .recursive = true};
  if (kind == "private") return {.host = {MS_PRIVATE, true}, .final = {}};
  if (kind == "shared") return {.host = {}, .final = {MS_SHARED, recursive}, .shared = true};
  if (kind == "unbindable") return {.host = slave, .final = {MS_UNBINDABLE, recursive}};
  // What the host mounts later (a parallel file system that comes back) shows in the container;
  // nothing goes the other way.
  return {.host = slave, .final = {}};
}

void cut_from_host(const RootPropagation& propagation) {
  if (propagation.host.type != 0) change_propagation("/", propagation.host);
}

void make_mount_private(int dir) {
  struct statx st {};
  check(::statx(dir, "", AT_EMPTY_PATH, STATX_MNT_ID, &st), "statx", "root file system");
  change_propagation(mount_point_of(st.stx_mnt_id), {.type = MS_PRIVATE, .recursive = false});
}

void pivot_into(int root) {
  const UniqueFd old_root = open_dir(AT_FDCWD, "/");
  check(::fchdir(root), "change to", "root file system");
  // Both on one directory: the old root lands on top of the new one, no directory is needed for it.
  if (::syscall(SYS_pivot_root, ".", ".") < 0) {
    if (errno != EINVAL) throw Error("pivot_root", {}, errno);
    return cover_root(root);
  }
  check(::fchdir(old_root.get()), "change to", "old root");
  change_propagation(".", {.type = MS_SLAVE, .recursive = true});
  check(::umount2(".", MNT_DETACH), "umount", "old root");
  check(::chdir("/"), "change to", "/");
}

void cover_root(int root) {
  check(::move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH), "move_mount", "/");
  check(::fchdir(root), "change to", "root file system");
  check(::chroot("."), "chroot");
  check(::chdir("/"), "change to", "/");
}

void move_into(int root, int mount_namespace) {
  // What is unbindable would be left out of the copy. Nothing outside can bind from it anyway.
  set_propagation(root, {.type = MS_PRIVATE, .recursive = true}, "root file system");
  const UniqueFd tree = clone_tree_of(root, "root file system", true);
  check(::setns(mount_namespace, CLONE_NEWNS), "join mount namespace");
  check(::fchdir(tree.get()), "change to", "root file system");
  check(::chroot("."), "chroot");
}

}  // namespace berth::runtime::rootfs
