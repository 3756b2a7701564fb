#include "runtime/rootfs/mount_plan.h"

#include <sys/mount.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "runtime/rootfs/normal_path.h"

namespace berth::runtime::rootfs {
namespace {

bool is_below(const std::string& path, std::string_view dir) {
  return path.size() > dir.size() && path.starts_with(dir) && path[dir.size()] == '/';
}

// The part of a path that is inside of the root file system; nothing where it is elsewhere.
std::optional<std::string> inside_root(const std::string& path, const std::string& root) {
  if (root.empty() || root == "/") return std::nullopt;
  if (path == root) return "/";
  return is_below(path, root) ? std::optional(path.substr(root.size())) : std::nullopt;
}

// Some callers say where in the container by the whole path on the host.
void strip_root(MountOp& op, const PlanContext& context) {
  if (auto path = inside_root(op.destination, context.root)) op.destination = std::move(*path);
  if (op.kind != MountKind::bind || op.source.empty()) return;
  const bool absolute = op.source.starts_with('/');
  if (!absolute && context.bundle.empty()) return;
  const std::string source = normal_path(absolute ? op.source : context.bundle + "/" + op.source);
  if (auto path = inside_root(source, context.root)) {
    op.source = std::move(*path);
    op.source_inside = true;
  }
}

// Files in /proc that are only ever read, and that tools like lxcfs show in a version of their own.
// Anything else mounted there could catch what a runtime writes to the kernel.
constexpr auto kReplaceableInProc = std::to_array<std::string_view>({
    "/proc/cpuinfo",
    "/proc/diskstats",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/net/dev",
    "/proc/slabinfo",
    "/proc/stat",
    "/proc/swaps",
    "/proc/sys/crypto/fips_enabled",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/uptime",
});

void check_destination(MountOp& op) {
  if (op.destination == "/" && op.kind != MountKind::bind) {
    throw Error("the root itself is what root.path says, or a bind");
  }
  if (op.destination == "/proc" && op.kind != MountKind::remount) {
    if (op.kind == MountKind::bind) {
      op.must_be_proc = true;
    } else if (op.type != "proc") {
      throw Error("only a file system of type 'proc' can be mounted there");
    }
  }
  if (is_below(op.destination, "/proc") && op.kind != MountKind::remount &&
      std::ranges::find(kReplaceableInProc, op.destination) == kReplaceableInProc.end()) {
    throw Error("nothing can be mounted inside /proc, but on files like /proc/cpuinfo");
  }
}

MountKind kind_of(const spec::Mount& mount, const MountOptions& options) {
  if (options.remount) return MountKind::remount;
  if (options.bind || mount.type == "bind") return MountKind::bind;
  if (mount.type == "cgroup" || mount.type == "cgroup2") return MountKind::cgroup;
  return MountKind::filesystem;
}

void check_options(const MountOp& op) {
  if (op.options.copy_up && op.type != "tmpfs") {
    throw Error("option 'tmpcopyup' is for type 'tmpfs' only");
  }
  if (op.options.copy_link && (op.options.source_link || op.options.over_destination_link)) {
    throw Error("option 'copy-symlink' cannot be with 'src-nofollow' or 'dest-nofollow'");
  }
  if (op.options.copy_link || op.options.source_link || op.options.over_destination_link) {
    if (op.kind != MountKind::bind) {
      throw Error("options 'copy-symlink', 'src-nofollow', 'dest-nofollow' are for binds only");
    }
  }
  if (op.kind != MountKind::bind && op.kind != MountKind::remount) return;
  for (const auto& [key, value] : op.options.data) {
    // What belongs to the file system below, which a second view of it cannot change, is ignored,
    // as mount(2) does: images carry `mode=755` and the like. A lone word is a flag mistyped.
    if (key == "sync" || key == "dirsync" || key == "lazytime" || key == "mand") continue;
    if (!value.empty()) continue;
    throw Error("option '" + key + "' means nothing to a bind mount");
  }
}

// Mappings imply the option.
void plan_id_map(MountOp& op, const spec::Mount& mount, const spec::Spec& spec) {
  if (!op.options.id_map && mount.uid_mappings.empty()) return;
  if (op.kind != MountKind::bind) throw Error("id mappings are for bind mounts only");
  op.id_map = id_map_of(mount, op.options.id_map.value_or(IdMapOption()), spec);
}

// What a user namespace may not mount when the namespace that the file system shows is the host's.
void plan_fallback(MountOp& op, const spec::Spec& spec) {
  using spec::NamespaceType;
  if (op.type == "proc" && !spec.has_namespace(NamespaceType::pid)) op.fallback = "/proc";
  if (op.type == "sysfs" && !spec.has_namespace(NamespaceType::network)) op.fallback = "/sys";
  if (op.type == "mqueue" && !spec.has_namespace(NamespaceType::ipc)) {
    op.fallback = "/dev/mqueue";
    op.optional = true;
  }
}

// File systems of the kernel's own: read-only is a matter of the mount. One with a device under it
// must be told so itself, or it writes to the device.
constexpr auto kKernelsOwn = std::to_array<std::string_view>(
    {"proc", "sysfs", "tmpfs", "devpts", "mqueue", "securityfs", "debugfs", "tracefs", "bpf",
     "fusectl", "configfs", "hugetlbfs", "ramfs", "binfmt_misc", "pstore", "efivarfs", "resctrl"});

void plan_readonly(MountOp& op) {
  if ((op.options.attributes.set & MOUNT_ATTR_RDONLY) == 0) return;
  // A read-only /sys must not leave the cgroups below it writable.
  if (op.destination == "/sys") op.options.recursive_attributes.set |= MOUNT_ATTR_RDONLY;
  if (op.kind != MountKind::filesystem) return;
  if (op.type == "tmpfs") {
    op.options.attributes.set &= ~uint64_t{MOUNT_ATTR_RDONLY};
    op.late_readonly = true;
  } else if (std::ranges::find(kKernelsOwn, op.type) == kKernelsOwn.end()) {
    op.options.data.emplace_back("ro", "");
  }
}

// Every file in it then has that SELinux context. Not where the policy labels each file itself, nor
// over a context of the mount's own.
void plan_label(MountOp& op, const std::string& label) {
  if (label.empty() || op.kind != MountKind::filesystem) return;
  if (op.type == "proc" || op.type == "sysfs" || op.type == "mqueue") return;
  const auto is_context = [](const auto& option) { return option.first.ends_with("context"); };
  if (std::ranges::any_of(op.options.data, is_context)) return;
  op.options.data.emplace_back("context", label);
}

MountOp plan_mount(const spec::Mount& mount, const spec::Spec& spec, const PlanContext& context) {
  MountOp op;
  op.options = parse_options(mount.options);
  op.kind = kind_of(mount, op.options);
  op.destination = normal_path(mount.destination);  // runtime-spec 1.2: a relative one from `/`
  op.source = mount.source;
  if (op.kind == MountKind::filesystem) {
    if (mount.type.empty()) throw Error("has neither a type nor the option 'bind'");
    op.type = mount.type;
  }
  if (op.kind == MountKind::bind && op.source.empty()) throw Error("a bind mount needs a source");
  strip_root(op, context);
  check_destination(op);
  check_options(op);
  plan_id_map(op, mount, spec);
  op.real_directory = op.type == "proc" || op.type == "sysfs" || op.destination == "/proc" ||
                      op.destination == "/sys" || op.destination == "/dev";
  if (op.kind == MountKind::filesystem) {  // nothing is below it
    merge(op.options.attributes, op.options.recursive_attributes);
    op.options.recursive_attributes = {};
  }
  if (context.in_user_namespace && op.kind == MountKind::filesystem) {
    op.drops_unknown_owners = true;
    plan_fallback(op, spec);
  }
  op.cgroup_namespace =
      op.kind == MountKind::cgroup && spec.has_namespace(spec::NamespaceType::cgroup);
  if (op.kind == MountKind::cgroup) {
    op.own_cgroup = context.own_cgroup;
    op.own_groups = context.own_groups;
  }
  plan_readonly(op);
  plan_label(op, spec.linux_.mount_label);
  return op;
}

MountOp plan_bind(const HostBind& bind) {
  MountOp op;
  op.kind = MountKind::bind;
  op.destination = normal_path(bind.destination);
  op.source = bind.source;
  op.options.bind = op.options.recursive_bind = true;
  if (bind.readonly) op.options.recursive_attributes.set = MOUNT_ATTR_RDONLY;
  op.optional = bind.optional;
  op.real_directory =
      op.destination == "/proc" || op.destination == "/sys" || op.destination == "/dev";
  if (op.destination == "/") throw Error("the root itself is what root.path says");
  check_destination(op);
  return op;
}

}  // namespace

std::vector<MountOp> plan_mounts(const spec::Spec& spec, std::span<const HostBind> binds,
                                 const PlanContext& context) {
  std::vector<MountOp> plan;
  const auto add = [&plan](const std::string& destination, const auto& make) {
    try {
      plan.push_back(make());
    } catch (const Error& e) {
      throw e.within("mount '" + destination + "'");
    }
  };
  for (const spec::Mount& mount : spec.mounts) {
    add(mount.destination, [&] { return plan_mount(mount, spec, context); });
  }
  for (const HostBind& bind : binds) {
    add(bind.destination, [&] { return plan_bind(bind); });
  }
  return plan;
}

bool dev_is_bound(std::span<const MountOp> plan) {
  return std::ranges::any_of(plan, [](const MountOp& op) {
    return op.kind == MountKind::bind && op.destination == "/dev";
  });
}

}  // namespace berth::runtime::rootfs
