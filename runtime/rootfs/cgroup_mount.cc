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

uint64_t flags_of(const MountOp& op) {
  return (op.options.attributes.set | kHarmless) & ~uint64_t{MOUNT_ATTR__ATIME};
}

UniqueFd host_view(const MountOp& op, const std::string& path, Writing writing) {
  UniqueFd tree = clone_tree(AT_FDCWD, path, true);
  const uint64_t set = flags_of(op) | (writing == Writing::never ? MOUNT_ATTR_RDONLY : 0);
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

// One directory with a mount for each hierarchy: a tmpfs that nobody else can see.
class HybridMount {
 public:
  HybridMount(const MountOp& op, int target)
      : op_(op),
        readonly_((op.options.attributes.set & MOUNT_ATTR_RDONLY) != 0),
        dir_(new_filesystem("tmpfs", "cgroup", {{"mode", "755"}}, kHarmless)) {
    attach(dir_.fd(), target, op.destination);
  }

  void add_v1(const cgroup::V1Mount& mount);
  void add_v2(const std::string& path);
  void finish() const {
    if (readonly_)
      set_attributes(dir_.fd(), {.set = flags_of(op_), .clear = 0}, true, op_.destination);
  }

 private:
  UniqueFd view(const std::string& path, Writing writing) const;
  UniqueFd own_part(const std::string& mount, const std::optional<std::string>& own) const;
  bool will_be_in(const std::string& mount) const;
  std::optional<std::string> group_of(const std::string& controller);
  UniqueFd host_part(const std::string& mount, const std::string& controller);
  void attach_at(int tree, const std::string& name) const;

  const MountOp& op_;
  const bool readonly_;  // all of it
  const RootDir dir_;
  std::optional<std::string> groups_;
};

// What is read-only as a whole gets its attributes at the end, all at once.
UniqueFd HybridMount::view(const std::string& path, Writing writing) const {
  return readonly_ ? clone_tree(AT_FDCWD, path, true) : host_view(op_, path, writing);
}

// The own cgroup alone, which the container may part among its processes.
UniqueFd HybridMount::own_part(const std::string& mount,
                               const std::optional<std::string>& own) const {
  const bool whole = own.value_or("/") == "/";
  return view(mount + own.value_or(""),
              op_.own_cgroup && !whole ? Writing::as_asked : Writing::never);
}

// In the hierarchy mounted there the container has a group that this process will be in.
bool HybridMount::will_be_in(const std::string& mount) const {
  return op_.own_groups &&
         std::ranges::find(op_.own_groups->mounts, mount) != op_.own_groups->mounts.end();
}

// That this process is in.
std::optional<std::string> HybridMount::group_of(const std::string& controller) {
  if (!groups_) groups_ = read_file(AT_FDCWD, "/proc/self/cgroup");
  return cgroup::path_of_process(*groups_, controller);
}

// The container's own part, or the whole, which the container may not write to, where the mount
// does not begin at the hierarchy's root.
UniqueFd HybridMount::host_part(const std::string& mount, const std::string& controller) {
  if (will_be_in(mount)) return own_part(mount, "/" + op_.own_groups->path);
  try {
    return own_part(mount, group_of(controller));
  } catch (const Error& e) {
    if (e.code() != ENOENT) throw;
    return view(mount, Writing::never);
  }
}

void HybridMount::attach_at(int tree, const std::string& name) const {
  (void)make_dir(dir_.fd(), name, 0755);
  attach_in(tree, dir_.fd(), name);
}

void HybridMount::add_v1(const cgroup::V1Mount& mount) {
  const std::string name = base_name(mount.path);
  UniqueFd tree = new_view(op_, "cgroup", data_of(mount));
  if (!tree) {
    tree = mount.controllers.empty() ? view(mount.path, Writing::never)
                                     : host_part(mount.path, mount.controllers[0]);
  }
  attach_at(tree.get(), name);
  for (const std::string& controller : mount.controllers) {
    // `cpu` -> `cpu,cpuacct`, where programs look for it.
    if (controller == name || controller.find('=') != std::string::npos) continue;
    if (::symlinkat(name.c_str(), dir_.fd(), controller.c_str()) < 0 && errno != EEXIST) {
      throw Error("symlink", controller, errno);
    }
  }
}

// Beside v1: like one more hierarchy of it. Not where the container has no group in it: all that
// would be seen is other people's.
void HybridMount::add_v2(const std::string& path) {
  UniqueFd tree = new_view(op_, "cgroup2", {});
  if (!tree) {
    if (!will_be_in(path) && group_of("").value_or("/") == "/") return;
    tree = host_part(path, "");
  }
  attach_at(tree.get(), "unified");
}

// Where its cgroup namespace is still to be made, in the group that is bound, it looks as that one
// will have it.
UniqueFd v2_alone(const MountOp& op, const std::string& path) {
  if (op.cgroup_namespace && op.own_groups && op.own_groups->v2_too) {
    return host_view(op, path + "/" + op.own_groups->path,
                     op.own_cgroup ? Writing::as_asked : Writing::never);
  }
  UniqueFd tree = new_view(op, "cgroup2", {});
  return tree ? std::move(tree) : host_view(op, path, Writing::never);
}

}  // namespace

void mount_cgroups(const MountOp& op, const RootDir& root) {
  const cgroup::Hierarchy hierarchy = op.own_groups ? op.own_groups->hierarchy : cgroup::detect();
  if (hierarchy.v1.empty() && hierarchy.v2.empty()) return;
  const UniqueFd target = root.make_dirs(op.destination, Last::real);
  if (!hierarchy.v1.empty()) {
    HybridMount hybrid(op, target.get());
    for (const cgroup::V1Mount& mount : hierarchy.v1) hybrid.add_v1(mount);
    if (!hierarchy.v2.empty()) hybrid.add_v2(hierarchy.v2);
    hybrid.finish();
  } else {
    attach(v2_alone(op, hierarchy.v2).get(), target.get(), op.destination);
  }
}

}  // namespace berth::runtime::rootfs
