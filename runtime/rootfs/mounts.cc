#include "runtime/rootfs/mounts.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "runtime/process/id_map.h"
#include "runtime/rootfs/cgroup_mount.h"
#include "runtime/rootfs/copy_up.h"
#include "runtime/rootfs/tree.h"

namespace berth::runtime::rootfs {
namespace {

using Data = std::vector<std::pair<std::string, std::string>>;

struct stat stat_of(int fd, const std::string& name) {
  struct stat st {};
  check(::fstat(fd, &st), "fstat", name);
  return st;
}

UniqueFd make_target(const MountOp& op, const RootDir& root, bool directory) {
  if (!op.real_directory) {
    const Last last = op.options.over_destination_link ? Last::itself : Last::follow;
    return directory ? root.make_dirs(op.destination, last) : root.make_file(op.destination, last);
  }
  try {
    return directory ? root.make_dirs(op.destination, Last::real)
                     : root.make_file(op.destination, Last::real);
  } catch (const Error& e) {
    if (e.code() != 0 && e.code() != ENOTDIR) throw;
    throw e.with_note("it must be mounted on ordinary directory");
  }
}

// A link of the image may lead there: what is written to the kernel later must reach it. Paths that
// say so were looked at with the plan.
void require_outside_proc(int target, const MountOp& op, const RootDir& root) {
  if (op.destination == "/proc" || op.destination.starts_with("/proc/")) return;
  struct statfs fs {};
  check(::fstatfs(target, &fs), "statfs", op.destination);
  if (fs.f_type != PROC_SUPER_MAGIC) return;
  const std::string proc = path_of(root.fd()) + "/proc";
  if ((path_of(target) + "/").starts_with(proc + "/")) {
    throw Error("a symbolic link leads it into /proc");
  }
}

void apply_attributes(int tree, const MountOp& op) {
  try {
    set_attributes(tree, op.options.attributes, false, op.destination);
    set_attributes(tree, op.options.recursive_attributes, true, op.destination);
  } catch (const Error& e) {
    if (e.code() != EPERM) throw;
    throw e.with_note(
        "a user namespace may not take the host's flags off a mount, nor its access times");
  }
}

void apply_options(int tree, const MountOp& op) {
  apply_attributes(tree, op);
  for (const Propagation& propagation : op.options.propagation) {
    set_propagation(tree, propagation, op.destination);
  }
}

// Another tree in its place would catch what is meant for the kernel.
void require_proc(int tree, const std::string& source) {
  constexpr ino_t kProcRoot = 1;
  struct statfs fs {};
  check(::fstatfs(tree, &fs), "statfs", source);
  if (fs.f_type != PROC_SUPER_MAGIC || stat_of(tree, source).st_ino != kProcRoot) {
    throw Error("'" + source + "' is not a proc file system");
  }
}

void mount_tree(UniqueFd tree, const MountOp& op, const RootDir& root) {
  const mode_t mode = stat_of(tree.get(), op.source).st_mode;
  if (S_ISLNK(mode) && op.options.copy_link) {
    return root.make_link(op.destination, read_link(tree.get(), op.source));
  }
  const bool directory = S_ISDIR(mode);
  const UniqueFd target = make_target(op, root, directory);
  require_outside_proc(target.get(), op, root);
  apply_options(tree.get(), op);
  attach(tree.get(), target.get(), op.destination);
}

// In a user namespace a tree is not shown without the mounts that cover parts of it.
template <class Clone>
UniqueFd clone_with_covers(const MountOp& op, const Clone& clone) {
  try {
    return clone(op.options.recursive_bind);
  } catch (const Error& e) {
    if (e.code() != EINVAL || op.options.recursive_bind) throw;
    return clone(true);
  }
}

// The host's flags stay on what it opened itself.
UniqueFd take_opened(MountOp& op, BindSource& source) {
  op.options.attributes.clear &= MOUNT_ATTR__ATIME;
  op.options.recursive_attributes.clear &= MOUNT_ATTR__ATIME;
  return std::move(source.tree);
}

// The source may be a link that is meant itself.
bool takes_link(const MountOp& op) {
  return op.options.copy_link || op.options.source_link;
}

// A path of the container, as the mounts before this one have made it.
UniqueFd open_inside(const MountOp& op, const RootDir& root, const BindSource& source) {
  const UniqueFd found = root.open(op.source, O_PATH | (takes_link(op) ? O_NOFOLLOW : 0));
  if (!source.id_mapper)
    return clone_with_covers(
        op, [&](bool recursive) { return clone_tree_of(found.get(), op.source, recursive); });
  return source.id_mapper->copy({.source = found.get(),
                                 .user_namespace = source.id_namespace->get(),
                                 .recursive = op.options.recursive_bind,
                                 .map_below = op.id_map->recursive},
                                op.source);
}

UniqueFd tree_of(MountOp& op, const RootDir& root, BindSource& source) {
  if (source.final) return take_opened(op, source);
  try {
    UniqueFd tree = op.source_inside ? open_inside(op, root, source) : open_bind(op);
    if (tree && source.id_namespace && !source.id_mapper) {
      map_ids(tree.get(), source.id_namespace->get(), op.id_map->recursive, op.source);
    }
    return tree;
  } catch (const Error& e) {
    if (e.code() != EACCES || !source.tree) throw;
    return take_opened(op, source);
  }
}

void perform_bind(MountOp op, const RootDir& root, BindSource source) {
  UniqueFd tree = tree_of(op, root, source);
  if (!tree) return;
  if (op.must_be_proc) require_proc(tree.get(), op.source);
  mount_tree(std::move(tree), op, root);
}

bool exists_here(const std::string& key, const std::string& value) {
  uint32_t id = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), id);
  if (error != std::errc() || end != value.data() + value.size()) return true;  // kernel says why
  return process::maps(process::read_own_map((key + "_map").c_str()), id);
}

// Where a new file system is mounted: a directory.
struct Place {
  UniqueFd fd;
  bool was_there = false;
};

// The options for the kernel: without owners who do not exist here, and with the mode that the
// image has at the place of a tmpfs.
Data data_for(const MountOp& op, const Place& place) {
  Data data;
  bool has_mode = false;
  for (const auto& [key, value] : op.options.data) {
    const bool owner = key == "uid" || key == "gid";
    if (owner && op.drops_unknown_owners && !exists_here(key, value)) continue;
    has_mode = has_mode || key == "mode";
    data.emplace_back(key, value);
  }
  if (op.type == "tmpfs" && !has_mode && place.was_there) {
    const mode_t mode = stat_of(place.fd.get(), op.destination).st_mode & 07777;
    data.emplace_back("mode", fmt::format("{:o}", mode));
  }
  return data;
}

void perform_fallback(const MountOp& op, const RootDir& root) {
  MountOp bind = op;
  bind.kind = MountKind::bind;
  bind.source = op.fallback;
  bind.options.bind = bind.options.recursive_bind = true;
  // The host's own flags are locked here: more can be added, none taken away. And they hold for
  // everything below, as they would in the file system that was asked for.
  bind.options.recursive_attributes.set |= op.options.attributes.set & ~MOUNT_ATTR__ATIME;
  bind.options.recursive_attributes.clear = 0;
  bind.options.attributes = {};
  perform_bind(bind, root, {});
}

// The owner and mode that the options say hold at the top, whatever the image has there.
void fill_from_image(const MountOp& op, int image, int tmpfs) {
  const struct stat made = stat_of(tmpfs, op.destination);
  copy_up(image, tmpfs);
  struct stat wanted = stat_of(tmpfs, op.destination);
  for (const auto& [key, value] : op.options.data) {
    if (key == "mode") wanted.st_mode = made.st_mode;
    if (key == "uid") wanted.st_uid = made.st_uid;
    if (key == "gid") wanted.st_gid = made.st_gid;
  }
  copy_owner_and_mode(tmpfs, wanted, op.destination);
}

// The usual case by few calls: a path without links is where it says it is.
Place place_of(const MountOp& op, const RootDir& root) {
  if (auto plain = root.make_plain_dir(op.destination)) {
    return {std::move(plain->fd), plain->was_there && !op.real_directory};
  }
  std::optional<UniqueFd> existing;
  if (!op.real_directory) existing = root.open_if_exists(op.destination, O_PATH | O_DIRECTORY);
  Place place{existing ? std::move(*existing) : make_target(op, root, true), existing.has_value()};
  require_outside_proc(place.fd.get(), op, root);
  return place;
}

void perform_filesystem(const MountOp& op, const RootDir& root) {
  const Place place = place_of(op, root);
  const UniqueFd& target = place.fd;
  const Data data = data_for(op, place);
  if (!op.options.copy_up && op.options.propagation.empty() &&
      mount_new(target.get(), op.type, op.source, data, op.options.attributes.set)) {
    return;
  }
  UniqueFd tree;
  try {
    tree = new_filesystem(op.type, op.source, data, op.options.attributes.set);
  } catch (const Error& e) {
    if (e.code() != EPERM || op.fallback.empty()) throw;
    perform_fallback(op, root);
    return;
  }
  if (op.options.copy_up) {
    fill_from_image(op, open_file(target.get(), ".", O_RDONLY | O_DIRECTORY).get(),
                    open_file(tree.get(), ".", O_RDONLY | O_DIRECTORY).get());
  }
  for (const Propagation& propagation : op.options.propagation) {
    set_propagation(tree.get(), propagation, op.destination);
  }
  attach(tree.get(), target.get(), op.destination);
}

}  // namespace

UniqueFd open_bind(const MountOp& op) {
  try {
    return clone_with_covers(op, [&](bool recursive) {
      return clone_tree(AT_FDCWD, op.source, recursive, takes_link(op));
    });
  } catch (const Error& e) {
    if (op.optional && (e.code() == ENOENT || e.code() == ENOTDIR)) return {};
    throw;
  }
}

void perform(const MountOp& op, const RootDir& root, BindSource source) {
  try {
    switch (op.kind) {
      case MountKind::bind:
        return perform_bind(op, root, std::move(source));
      case MountKind::filesystem:
        return perform_filesystem(op, root);
      case MountKind::cgroup:
        return mount_cgroups(op, root);
      case MountKind::remount:
        return apply_options(root.open(op.destination).get(), op);
    }
  } catch (const Error& e) {
    throw e.within("mount '" + op.destination + "'");
  }
}

RootDir perform_at_root(const MountOp& op, const RootDir& root, BindSource source) {
  try {
    MountOp bind = op;
    UniqueFd tree = tree_of(bind, root, source);
    if (!S_ISDIR(stat_of(tree.get(), op.source).st_mode)) {
      throw Error("'" + op.source + "' is not a directory");
    }
    apply_options(tree.get(), bind);
    attach(tree.get(), root.fd(), op.destination);
    return RootDir(std::move(tree));
  } catch (const Error& e) {
    throw e.within("mount '" + op.destination + "'");
  }
}

void finish(const MountOp& op, const RootDir& root) {
  if (!op.late_readonly) return;
  set_attributes(root.open(op.destination).get(), {.set = MOUNT_ATTR_RDONLY, .clear = 0}, false,
                 op.destination);
}

}  // namespace berth::runtime::rootfs
