#include "runtime/rootfs/cgroup_mount.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "runtime/cgroup/hierarchy.h"
#include "runtime/rootfs/tree.h"

namespace berth::runtime::rootfs {
namespace {

using Data = std::vector<std::pair<std::string, std::string>>;

constexpr uint64_t kHarmless = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// A view that begins at the root of this process's cgroup namespace; nothing where a user namespace
// that does not own it may not have one.
UniqueFd new_view(const MountOp& op, const std::string& type, const Data& data) {
  if (!op.cgroup_namespace) return {};
  try {
    return new_filesystem(type, "cgroup", data, op.options.attributes.set | kHarmless);
  } catch (const Error& e) {
    if (e.code() != EPERM) throw;
    return {};
  }
}

enum class Writing { as_asked, never };

UniqueFd host_view(const MountOp& op, const std::string& path, Writing writing) {
  UniqueFd tree = clone_tree(AT_FDCWD, path, true);
  uint64_t set = (op.options.attributes.set | kHarmless) & ~uint64_t{MOUNT_ATTR__ATIME};
  if (writing == Writing::never) set |= MOUNT_ATTR_RDONLY;
  set_attributes(tree.get(), {.set = set, .clear = 0}, true, path);
  return tree;
}

Data data_of(const cgroup::V1Mount& mount) {
  Data data;
  for (const std::string& controller : mount.controllers) {
    constexpr std::string_view kNamed = "name=";
    if (controller.starts_with(kNamed)) {
      // A hierarchy of a name alone is one without controllers.
      data.emplace_back("none", "");
      data.emplace_back("name", controller.substr(kNamed.size()));
    } else {
      data.emplace_back(controller, "");
    }
  }
  return data;
}

// The own cgroup alone, which the container may part among its processes.
UniqueFd own_part(const MountOp& op, const std::string& mount,
                  const std::optional<std::string>& own) {
  const bool whole = own.value_or("/") == "/";
  return host_view(op, mount + own.value_or(""),
                   op.own_cgroup && !whole ? Writing::as_asked : Writing::never);
}

// In a tmpfs that nobody else can see.
void attach_at_new(int tree, const RootDir& dir, const std::string& name) {
  (void)make_dir(dir.fd(), name, 0755);
  attach_in(tree, dir.fd(), name);
}

// In the hierarchy mounted there the container has a group that this process will be in.
bool will_be_in(const MountOp& op, const std::string& mount) {
  return op.own_groups &&
         std::ranges::find(op.own_groups->mounts, mount) != op.own_groups->mounts.end();
}

// What is to be seen of the hierarchy mounted there. `own`: this process' group; the whole, which
// the container may not write to, where the mount does not begin at the hierarchy's root.
UniqueFd host_part(const MountOp& op, const std::string& mount,
                   const std::optional<std::string>& own) {
  if (will_be_in(op, mount)) return own_part(op, mount, "/" + op.own_groups->path);
  try {
    return own_part(op, mount, own);
  } catch (const Error& e) {
    if (e.code() != ENOENT) throw;
    return host_view(op, mount, Writing::never);
  }
}

void mount_v1(const MountOp& op, const cgroup::V1Mount& mount, const std::string& groups,
              const RootDir& dir) {
  const std::string name = base_name(mount.path);
  UniqueFd tree = new_view(op, "cgroup", data_of(mount));
  if (!tree) {
    const auto own = mount.controllers.empty()
                         ? std::nullopt
                         : cgroup::path_of_process(groups, mount.controllers[0]);
    tree = host_part(op, mount.path, own);
  }
  attach_at_new(tree.get(), dir, name);
  for (const std::string& controller : mount.controllers) {
    // `cpu` -> `cpu,cpuacct`, where programs look for it.
    if (controller == name || controller.find('=') != std::string::npos) continue;
    if (::symlinkat(name.c_str(), dir.fd(), controller.c_str()) < 0 && errno != EEXIST) {
      throw Error("symlink", controller, errno);
    }
  }
}

// Beside v1: like one more hierarchy of it. Not where the container has no group in it: all that
// would be seen is other people's.
void mount_v2_too(const MountOp& op, const std::string& path, const std::string& groups,
                  const RootDir& dir) {
  UniqueFd tree = new_view(op, "cgroup2", {});
  if (!tree) {
    const auto own = cgroup::path_of_process(groups, "");
    if (!will_be_in(op, path) && own.value_or("/") == "/") return;
    tree = host_part(op, path, own);
  }
  attach_at_new(tree.get(), dir, "unified");
}

void mount_hybrid(const MountOp& op, const cgroup::Hierarchy& hierarchy, int target) {
  UniqueFd tmpfs = new_filesystem("tmpfs", "cgroup", {{"mode", "755"}}, kHarmless);
  attach(tmpfs.get(), target, op.destination);
  const RootDir dir(std::move(tmpfs));
  const std::string groups = read_file(AT_FDCWD, "/proc/self/cgroup");
  for (const cgroup::V1Mount& mount : hierarchy.v1) mount_v1(op, mount, groups, dir);
  if (!hierarchy.v2.empty()) mount_v2_too(op, hierarchy.v2, groups, dir);
  if ((op.options.attributes.set & MOUNT_ATTR_RDONLY) != 0) {
    set_attributes(dir.fd(), {.set = MOUNT_ATTR_RDONLY, .clear = 0}, false, op.destination);
  }
}

}  // namespace

void mount_cgroups(const MountOp& op, const RootDir& root) {
  const cgroup::Hierarchy hierarchy = op.own_groups ? op.own_groups->hierarchy : cgroup::detect();
  if (hierarchy.v1.empty() && hierarchy.v2.empty()) return;
  const UniqueFd target = root.make_dirs(op.destination, Last::real);
  if (!hierarchy.v1.empty()) {
    mount_hybrid(op, hierarchy, target.get());
  } else {
    UniqueFd tree = new_view(op, "cgroup2", {});
    if (!tree) tree = host_view(op, hierarchy.v2, Writing::never);
    attach(tree.get(), target.get(), op.destination);
  }
}

}  // namespace berth::runtime::rootfs
