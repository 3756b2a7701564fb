// Which mounts a container gets, in which order, and what is done where the kernel keeps one to
// real root. Pure: mounts.h does it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/rootfs/host_bind.h"
#include "runtime/rootfs/id_mapping.h"
#include "runtime/rootfs/mount_options.h"
#include "runtime/rootfs/own_groups.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::rootfs {

enum class MountKind {
  filesystem,  // a new one
  bind,        // a tree of the host
  cgroup,      // whatever cgroups this host has
  remount,     // other attributes for what is mounted there
};

struct MountOp {
  MountKind kind = MountKind::filesystem;
  std::string destination;  // absolute, no `.` or `..`
  std::string type;         // of a new file system
  std::string source;       // of a bind: absolute, or relative to the bundle
  // The source is a path of the container, as it is when the earlier mounts are there.
  bool source_inside = false;
  MountOptions options;
  std::optional<MountIdMap> id_map;  // of a bind: other owners than its files have
  // The destination must be a directory, not a link to one: what writes to /proc later must reach
  // the kernel.
  bool real_directory = false;
  // Of the kind cgroup: the container has a cgroup namespace, and may see what is below its root.
  bool cgroup_namespace = false;
  // Of that kind, too: the cgroup that this process is in is the container's alone.
  bool own_cgroup = false;
  // And where this process will be in it only when the tree is made: what is to be seen of it.
  std::optional<OwnGroups> own_groups;
  // The source must be a whole proc file system.
  bool must_be_proc = false;
  // Of a new file system, in a user namespace: an owner who does not exist there is left out.
  bool drops_unknown_owners = false;
  // Where the kernel refuses the new file system, this path of the host is bound in its place...
  std::string fallback;
  // ... or, where it does not exist, nothing. For a bind: its source may be absent.
  bool optional = false;
  // Read-only only when everything is in place: other mounts need directories made in it.
  bool late_readonly = false;
  bool operator==(const MountOp&) const = default;
};

// What the plan needs to know of the host.
struct PlanContext {
  bool in_user_namespace = false;
  bool own_cgroup = false;  // this process is in one that is the container's alone, or will be:
  std::optional<OwnGroups> own_groups = {};
  // Where the root file system is, absolute and without links, and where the bundle is; empty for
  // unknown. A path of a mount that begins with the former is one of the container's.
  std::string root, bundle;
};

// Throws Error that names the mount: `mount '/data': a bind mount needs a source`.
std::vector<MountOp> plan_mounts(const spec::Spec& spec, std::span<const HostBind> binds,
                                 const PlanContext& context);

// Whether /dev in the container is the host's own: it is left alone then.
bool dev_is_bound(std::span<const MountOp> plan);

}  // namespace berth::runtime::rootfs
