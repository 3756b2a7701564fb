#include "runtime/rootfs/root_dir.h"

#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

namespace berth::runtime::rootfs {
namespace {

int open_in_root(int root, const char* path, int flags, uint64_t refused = RESOLVE_NO_MAGICLINKS) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | refused;
  for (;;) {
    const auto fd = static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how));
    // EAGAIN: something was renamed while the kernel walked over `..`; it cannot vouch for the
    // result and asks to try again.
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) return fd;
  }
}

mode_t type_of(int fd, const std::string& path) {
  struct stat st {};
  check(::fstat(fd, &st), "fstat", path);
  return st.st_mode & S_IFMT;
}

bool is_directory(int fd, const std::string& path) {
  return type_of(fd, path) == S_IFDIR;
}

bool is_link(int fd, const std::string& path) {
  return type_of(fd, path) == S_IFLNK;
}

// What somebody else made in between is as good as ours: it is looked at after it was opened.
UniqueFd open_or_make_dir(const Descent& at, const std::string& name, const std::string& path,
                          mode_t mode) {
  int fd = at.open_one(name);
  if (fd < 0 && errno == ENOENT) {
    if (::mkdirat(at.here(), name.c_str(), mode) < 0 && errno != EEXIST) {
      throw Error("mkdir", path, errno);
    }
    fd = at.open_one(name);
  }
  return UniqueFd(check(fd, "open", path));
}

UniqueFd open_or_make_file(const Descent& at, const std::string& name, const std::string& path,
                           mode_t mode) {
  int fd = at.open_one(name);
  if (fd < 0 && errno == ENOENT) {
    const UniqueFd made(::openat(at.here(), name.c_str(),
                                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!made && errno != EEXIST) throw Error("make file", path, errno);
    fd = at.open_one(name);
  }
  return UniqueFd(check(fd, "open", path));
}

// All but the last name is there, and nothing on the way is a link; nothing where not.
std::optional<UniqueFd> make_last_dir(const RootDir& root, const std::string& path, mode_t mode) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash == 0) return std::nullopt;
  const std::string name = path.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") return std::nullopt;
  const UniqueFd parent(root.open_plain_dir(path.substr(0, slash)));
  if (!parent || ::mkdirat(parent.get(), name.c_str(), mode) < 0) return std::nullopt;
  UniqueFd made(
      ::openat(parent.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  return made ? std::optional(std::move(made)) : std::nullopt;
}

}  // namespace

int RootDir::open_plain_dir(const std::string& path) const {
  return open_in_root(fd(), path.c_str(), O_PATH | O_DIRECTORY,
                      RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

std::string path_of(int fd) {
  char path[PATH_MAX];
  const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, PATH_MAX);
  return size < 0 || size == PATH_MAX ? std::string()
                                      : std::string(path, static_cast<size_t>(size));
}

UniqueFd RootDir::open(const std::string& path, int flags) const {
  return UniqueFd(check(open_in_root(fd(), path.c_str(), flags), "open", path));
}

std::optional<UniqueFd> RootDir::open_if_exists(const std::string& path, int flags) const {
  const int found = open_in_root(fd(), path.c_str(), flags);
  if (found < 0 && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  return UniqueFd(check(found, "open", path));
}

std::optional<RootDir::PlainDir> RootDir::make_plain_dir(const std::string& path,
                                                         mode_t mode) const {
  if (UniqueFd plain(open_plain_dir(path)); plain) return PlainDir{std::move(plain), true};
  if (errno != ENOENT) return std::nullopt;
  auto made = make_last_dir(*this, path, mode);
  return made ? std::optional(PlainDir{std::move(*made), false}) : std::nullopt;
}

UniqueFd RootDir::make_dirs(const std::string& path, Last last, mode_t mode) const {
  if (auto plain = make_plain_dir(path, mode)) return std::move(plain->fd);
  Descent at(fd(), path, last);
  while (const auto name = at.next()) {
    UniqueFd found = open_or_make_dir(at, *name, path, mode);
    if (!at.follow_if_link(found)) at.down(std::move(found), *name);
  }
  return at.take_here();
}

UniqueFd RootDir::make_file(const std::string& path, Last last, mode_t mode) const {
  constexpr mode_t kDirMode = 0755;
  Descent at(fd(), path, last);
  while (const auto name = at.next()) {
    const bool is_last = at.is_last();
    UniqueFd found = is_last ? open_or_make_file(at, *name, path, mode)
                             : open_or_make_dir(at, *name, path, kDirMode);
    if (at.follow_if_link(found)) continue;
    if (is_last && !is_directory(found.get(), path)) return found;
    at.down(std::move(found), *name);
  }
  throw Error("make file", path, EISDIR);
}

void RootDir::make_link(const std::string& path, const std::string& target) const {
  constexpr mode_t kDirMode = 0755;
  Descent at(fd(), path, Last::itself);
  while (const auto name = at.next()) {
    if (at.is_last()) {
      if (::symlinkat(target.c_str(), at.here(), name->c_str()) == 0) return;
      if (errno != EEXIST) throw Error("symlink", path, errno);
      const UniqueFd found(check(at.open_one(*name), "open", path));
      if (is_link(found.get(), path) && read_link(found.get(), path) == target) return;
      throw Error("'" + path + "' is there and is no link to '" + target + "'");
    }
    UniqueFd found = open_or_make_dir(at, *name, path, kDirMode);
    if (!at.follow_if_link(found)) at.down(std::move(found), *name);
  }
  throw Error("symlink", path, EEXIST);
}

}  // namespace berth::runtime::rootfs
