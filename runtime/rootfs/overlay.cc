#include "runtime/rootfs/overlay.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "runtime/rootfs/copy_up.h"
#include "runtime/rootfs/mountinfo.h"
#include "runtime/rootfs/root_dir.h"
#include "runtime/rootfs/tree.h"

namespace berth::runtime::rootfs {
namespace {

// The layers have to be given as paths of this mount namespace (by descriptor only since 6.13): a
// tmpfs covers the image for a moment and is the working directory. The overlay keeps the layers.
class Scaffold {
 public:
  explicit Scaffold(int image)
      : before_(open_file(AT_FDCWD, ".", O_PATH | O_DIRECTORY)),
        tmpfs_(new_filesystem("tmpfs", "berth", {{"mode", "755"}}, MOUNT_ATTR_NOSUID)) {
    attach(tmpfs_.get(), image, "image");
  }
  ~Scaffold() {
    if (::fchdir(tmpfs_.get()) == 0) (void)::umount2(".", MNT_DETACH);
    (void)!::fchdir(before_.get());
  }
  Scaffold(const Scaffold&) = delete;
  Scaffold& operator=(const Scaffold&) = delete;

  void show(int lower) const {
    check(::fchdir(tmpfs_.get()), "change to", "tmpfs");
    for (const char* name : {"lower", "upper", "work"}) make_dir(AT_FDCWD, name, 0755);
    attach(lower, open_dir(AT_FDCWD, "lower").get(), "lower");
  }
  UniqueFd upper() const { return open_dir(tmpfs_.get(), "upper"); }

 private:
  UniqueFd before_, tmpfs_;
};

struct stat stat_of(int fd, const std::string& name) {
  struct stat st {};
  check(::fstat(fd, &st), "fstat", name);
  return st;
}

// The same directory in the upper layer, with all above it.
void raise(const RootDir& image, const RootDir& upper, const std::string& path) {
  std::string part = "/";
  for (const auto& name : std::filesystem::path(path)) {
    part = (std::filesystem::path(part) / name).string();
    if (part != "/" && upper.open_if_exists(part)) continue;
    const UniqueFd lower = image.open(part, O_PATH | O_DIRECTORY);
    upper.make_dirs(part);
    copy_owner_and_mode(upper.open(part, O_RDONLY | O_DIRECTORY).get(), stat_of(lower.get(), part),
                        part);
  }
}

// Where everybody may write, everybody still may.
void raise_shared(const RootDir& image, const RootDir& upper) {
  for (const char* path : {"/tmp", "/var/tmp"}) {
    const auto lower = image.open_if_exists(path, O_PATH | O_NOFOLLOW);
    if (lower && S_ISDIR(stat_of(lower->get(), path).st_mode)) raise(image, upper, path);
  }
}

// overlayfs shows a layer without what is mounted in it.
void require_no_mounts_below(int image) {
  std::error_code failed;
  const auto link = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(image), failed);
  if (failed) throw Error("read link", "/proc/self/fd", failed.value());
  const std::string path = link.string() + "/";
  for (const MountPoint& mount : mount_points()) {
    if (mount.path.starts_with(path)) {
      throw Error("the host has a mount in it, '" + mount.path + "'");
    }
  }
}

uint64_t flags_of(int image) {
  struct statvfs fs {};
  check(::fstatvfs(image, &fs), "statvfs", "image");
  uint64_t flags = 0;
  for (const auto& [flag, attribute] :
       std::vector<std::pair<unsigned long, uint64_t>>{{ST_NOSUID, MOUNT_ATTR_NOSUID},
                                                       {ST_NODEV, MOUNT_ATTR_NODEV},
                                                       {ST_NOEXEC, MOUNT_ATTR_NOEXEC}}) {
    if ((fs.f_flag & flag) != 0) flags |= attribute;
  }
  return flags;
}

}  // namespace

UniqueFd overlay_on(int image, const std::set<std::string>& parents, bool in_user_namespace) {
  require_no_mounts_below(image);
  std::vector<std::pair<std::string, std::string>> data = {
      {"lowerdir", "lower"}, {"upperdir", "upper"}, {"workdir", "work"}};
  // What it notes about files is for real root in `trusted.*` (since 5.11 there is another way).
  if (in_user_namespace) data.emplace_back("userxattr", "");
  const UniqueFd layer = clone_tree_of(image, "image", false);
  const Scaffold scaffold(image);
  scaffold.show(layer.get());
  const RootDir lower(duplicate(image));
  const RootDir upper(scaffold.upper());
  raise(lower, upper, "/");
  for (const std::string& parent : parents) raise(lower, upper, parent);
  raise_shared(lower, upper);
  return new_filesystem("overlay", "overlay", data, flags_of(image));
}

}  // namespace berth::runtime::rootfs
