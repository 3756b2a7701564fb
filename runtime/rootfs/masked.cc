#include "runtime/rootfs/masked.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/error.h"
#include "base/file.h"
#include "runtime/rootfs/tree.h"

namespace berth::runtime::rootfs {
namespace {

constexpr uint64_t kInert =
    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
constexpr uint64_t kInertDevice = kInert & ~uint64_t{MOUNT_ATTR_NODEV};

bool is_null(const struct stat& st) {
  return S_ISCHR(st.st_mode) && st.st_rdev == ::makedev(1, 3);
}

// Never the container's /dev/null: that one can be swapped for a link to anything.
UniqueFd open_null() {
  UniqueFd fd = open_file(AT_FDCWD, "/dev/null", O_PATH | O_NOFOLLOW);
  struct stat st {};
  check(::fstat(fd.get(), &st), "fstat", "/dev/null");
  if (!is_null(st)) {
    throw Error("the host's '/dev/null' is not the null device");
  }
  return fd;
}

// One file system serves all masked directories: each has a super block to pay for. A copy is taken
// of an attached mount, since older kernels (before 6.15) copy no detached one.
class Masks {
 public:
  explicit Masks(const std::string& label) {
    if (!label.empty()) data_.emplace_back("context", label);
  }
  void cover(int target, const std::string& path) {
    struct stat st {};
    check(::fstat(target, &st), "fstat", path);
    if (is_mask(st)) return;  // listed twice, or a link to one
    if (!S_ISDIR(st.st_mode)) {
      if (!null_) null_ = open_null();
      const UniqueFd tree = clone_tree_of(null_.get(), "/dev/null", false);
      // It is the host's own: root in the container could give it another mode or owner.
      set_attributes(tree.get(), {.set = kInertDevice, .clear = 0}, false, path);
      attach(tree.get(), target, path);
    } else if (!empty_) {
      empty_ = new_filesystem("tmpfs", "tmpfs", data_, kInert);
      attach(empty_.get(), target, path);
    } else {
      attach(clone_tree_of(empty_.get(), "tmpfs", false).get(), target, path);
    }
  }

 private:
  bool is_mask(const struct stat& st) const {
    if (!S_ISDIR(st.st_mode)) return is_null(st);
    struct stat empty {};
    return empty_ && ::fstat(empty_.get(), &empty) == 0 && empty.st_dev == st.st_dev;
  }
  std::vector<std::pair<std::string, std::string>> data_{{"nr_inodes", "1"}, {"mode", "755"}};
  UniqueFd null_, empty_;
};

}  // namespace

void mask_paths(const RootDir& root, const std::vector<std::string>& paths,
                const std::string& label) {
  Masks masks(label);
  for (const std::string& path : paths) {
    try {
      if (const auto target = root.open_if_exists(path)) masks.cover(target->get(), path);
    } catch (const Error& e) {
      throw e.within("mask '" + path + "'");
    }
  }
}

void protect_masked_files(const RootDir& root, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const auto mask = root.open_if_exists(path);
    struct stat st {};
    if (!mask || ::fstat(mask->get(), &st) < 0 || !is_null(st)) continue;
    set_attributes(mask->get(), {.set = kInertDevice, .clear = 0}, false, path);
  }
}

void make_paths_readonly(const RootDir& root, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    try {
      const auto target = root.open_if_exists(path);
      if (!target) continue;
      const UniqueFd tree = clone_tree_of(target->get(), path, true);
      set_attributes(tree.get(), {.set = MOUNT_ATTR_RDONLY, .clear = 0}, false, path);
      attach(tree.get(), target->get(), path);
    } catch (const Error& e) {
      throw e.within("make '" + path + "' read-only");
    }
  }
}

}  // namespace berth::runtime::rootfs
