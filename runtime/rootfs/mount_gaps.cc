#include "runtime/rootfs/mount_gaps.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "runtime/rootfs/descent.h"
#include "runtime/rootfs/devices.h"
#include "runtime/rootfs/normal_path.h"

namespace berth::runtime::rootfs {
namespace {

bool is_directory(int fd) {
  struct stat st {};
  return ::fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

class Search {
 public:
  explicit Search(const RootDir& image) : image_(image) {}

  void mount_point(const std::string& path, Last last) {
    if (const auto found = look_at(path, last)) mounted_.insert(*found);
  }
  void device(const std::string& path) { look_at(path, Last::real); }

  MountGaps result() && { return std::move(gaps_); }

 private:
  // The path without links of what is there, in the image itself.
  std::optional<std::string> look_at(const std::string& path, Last last) {
    // Then it is what path_of_here would say, where there are no links on the way.
    if (path != "/" && is_normal(path)) {
      if (is_below_mounted(path)) return std::nullopt;
      if (UniqueFd(image_.open_plain_dir(path))) return path;
    }
    try {
      Descent at(image_.fd(), path, last);
      while (const auto name = at.next()) {
        UniqueFd found(at.open_one(*name));
        if (!found && errno == ENOENT) add_gap(at);
        if (!found) return std::nullopt;
        if (at.follow_if_link(found)) continue;
        if (!is_directory(found.get())) return std::nullopt;
        at.down(std::move(found), *name);
        if (mounted_.contains(at.path_of_here())) return std::nullopt;
      }
      return at.path_of_here();
    } catch (const Error&) {
      return std::nullopt;
    }
  }

  bool is_below_mounted(const std::string& path) const {
    for (size_t slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      if (mounted_.contains(path.substr(0, slash))) return true;
    }
    return false;
  }

  void add_gap(const Descent& at) {
    gaps_.parents.insert(at.path_of_here());
    if (::faccessat(at.here(), "", W_OK | X_OK, AT_EACCESS | AT_EMPTY_PATH) == 0) return;
    if (is_refusal(errno)) gaps_.refused = true;
  }

  const RootDir& image_;
  std::set<std::string> mounted_;
  MountGaps gaps_;
};

bool is_left_out(const MountOp& op, const UniqueFd& source) {
  if (op.kind == MountKind::remount) return true;
  if (op.kind != MountKind::bind || !op.optional || source) return false;
  return ::faccessat(AT_FDCWD, op.source.c_str(), F_OK, AT_EACCESS) < 0 &&
         (errno == ENOENT || errno == ENOTDIR);
}

}  // namespace

bool is_refusal(int code) {
  return code == EACCES || code == EROFS || code == EPERM;
}

MountGaps find_gaps(const RootDir& image, const spec::Spec& spec, std::span<const MountOp> plan,
                    std::span<const BindSource> sources) {
  Search search(image);
  for (size_t i = 0; i < plan.size(); ++i) {
    if (is_left_out(plan[i], sources[i].tree)) continue;
    search.mount_point(plan[i].destination, plan[i].real_directory ? Last::real : Last::follow);
  }
  if (!dev_is_bound(plan)) {
    for (const std::string& path : device_paths(spec)) search.device(path);
  }
  if (spec.process && spec.process->terminal) search.device("/dev/console");
  return std::move(search).result();
}

}  // namespace berth::runtime::rootfs
