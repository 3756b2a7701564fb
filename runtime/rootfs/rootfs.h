// The container's file tree, from a bundle's directory to `/`. One object, four steps in this
// order; each throws Error. The rest of this folder is behind it.
//
//   Rootfs rootfs = Rootfs::open(bundle, spec, binds, in_user_namespace);
//   rootfs.open_sources();   // on the host, before any namespace is made or joined
//   ... join or make the namespaces (user first, mount always) ...
//   rootfs.mount_all();      // mounts and devices; the host's tree is still there
//   ... hooks that need the host's paths, sysctls ...
//   rootfs.pivot();          // masked and read-only paths, then the tree becomes `/`
//
// The image is used as it is, unless a mount point or device is missing in it where nothing may be
// made (somebody else's image, a read-only one): then the container gets a writable overlay over
// it. What is written there goes to a tmpfs, counts as the job's memory, and is gone at the
// container's end; root.readonly holds there, too. In a user namespace, what somebody without an id
// in it owns cannot be changed in the overlay (EOVERFLOW), but for /tmp and /var/tmp.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "runtime/rootfs/host_bind.h"
#include "runtime/rootfs/own_groups.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::rootfs {

class Rootfs {
 public:
  // Plans the mounts: a bad option or destination is refused here. `spec` must outlive the object,
  // and `bundle` stay open until open_sources; `binds` are copied. `in_user_namespace`: mount_all
  // will run with the rights of a user namespace, so what the kernel keeps to real root is done
  // another way. `own_cgroup`: in a cgroup that is the container's alone, and may be written to
  // inside; with `own_groups` not yet when mount_all runs.
  static Rootfs open(int bundle, const spec::Spec& spec, std::span<const HostBind> binds,
                     bool in_user_namespace, bool own_cgroup = false,
                     const std::optional<OwnGroups>& own_groups = {});
  Rootfs(Rootfs&&) noexcept;
  Rootfs& operator=(Rootfs&&) noexcept;
  Rootfs(const Rootfs&) = delete;
  Rootfs& operator=(const Rootfs&) = delete;
  ~Rootfs();

  // Takes hold of the sources as the caller, where the caller may (a file system that squashes root
  // knows only the job's user). Makes the bundle the working directory: a new mount namespace
  // carries the working directory over, a descriptor would still point into the old one. Nobody
  // changes it until mount_all has run.
  void open_sources();

  // In the container's mount namespace, with CAP_SYS_ADMIN over it: cuts the propagation to the
  // host, attaches everything, makes the devices. `own_groups_made` is called before the first
  // mount of `own_groups`, and gives back when they are there.
  void mount_all(const std::function<void()>& own_groups_made = {});

  // The slave end of a terminal becomes /dev/console. Between mount_all and pivot.
  void mount_console(int terminal);

  // Makes process.cwd, masks paths, makes read-only what must be (so sysctls are written before),
  // and makes the tree the root; the host's is gone. The working directory is `/` then.
  void pivot();

  // The same, in a mount namespace that is not the container's own: the tree stays out of that
  // one's, where it would be everybody's, and hangs on the processes that have it as their root.
  // They find nothing in their mountinfo.
  void settle_in(int mount_namespace);

  // The root directory, valid from mount_all on: for paths inside before the pivot, by openat2 with
  // RESOLVE_IN_ROOT alone.
  int root() const;

 private:
  struct State;
  void seal();
  explicit Rootfs(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace berth::runtime::rootfs
