#include "runtime/rootfs/root_dir.h"

#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <deque>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace berth::runtime::rootfs {
namespace {

int open_in_root(int root, const char* path, int flags) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  for (;;) {
    const auto fd = static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how));
    // EAGAIN: something was renamed while the kernel walked over `..`; it cannot vouch for the
    // result and asks to try again.
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) return fd;
  }
}

std::string read_link(int link, std::string_view path) {
  std::string target(PATH_MAX, '\0');
  const ssize_t size =
      check(::readlinkat(link, "", target.data(), target.size()), "read link in", path);
  target.resize(static_cast<size_t>(size));
  return target;
}

mode_t type_of(int fd, std::string_view path) {
  struct stat st {};
  check(::fstat(fd, &st), "fstat", path);
  return st.st_mode & S_IFMT;
}

// One way down from the root. The directories passed are held, so that `..` is the one we came
// from, whatever was renamed since.
class Descent {
 public:
  Descent(int root, const std::string& path, Last last) : root_(root), path_(path), last_(last) {
    push_front(path);
    here_ = duplicate(root);
  }

  UniqueFd to_directory(mode_t mode) {
    while (!todo_.empty()) {
      const std::string name = next();
      if (name == "..") {
        up();
      } else if (UniqueFd found = open_or_make_dir(name, mode); !follow_if_link(found)) {
        down(std::move(found));
      }
    }
    return std::move(here_);
  }

  UniqueFd to_file(mode_t dir_mode, mode_t file_mode) {
    while (!todo_.empty()) {
      const std::string name = next();
      const bool is_last = todo_.empty();
      if (name == "..") {
        up();
        continue;
      }
      UniqueFd found =
          is_last ? open_or_make_file(name, file_mode) : open_or_make_dir(name, dir_mode);
      if (follow_if_link(found)) continue;
      if (is_last && type_of(found.get(), path_) != S_IFDIR) return found;
      down(std::move(found));
    }
    throw Error("make file", path_, EISDIR);
  }

 private:
  static constexpr int kMostLinks = 40;  // as the kernel's own walk

  void push_front(std::string_view path) {
    std::vector<std::string> names;
    while (!path.empty()) {
      const size_t end = path.find('/');
      const std::string_view name = path.substr(0, end);
      if (!name.empty() && name != ".") names.emplace_back(name);
      path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
    }
    todo_.insert(todo_.begin(), names.begin(), names.end());
  }

  std::string next() {
    std::string name = std::move(todo_.front());
    todo_.pop_front();
    return name;
  }

  void up() {
    if (above_.empty()) return;  // `/..` is `/`
    here_ = std::move(above_.back());
    above_.pop_back();
  }

  void down(UniqueFd dir) {
    if (type_of(dir.get(), path_) != S_IFDIR) throw Error("open", path_, ENOTDIR);
    above_.push_back(std::move(here_));
    here_ = std::move(dir);
  }

  bool follow_if_link(const UniqueFd& found) {
    if (type_of(found.get(), path_) != S_IFLNK) return false;
    if (todo_.empty() && last_ == Last::real) {
      throw Error("'" + path_ + "' is a symbolic link in the root file system");
    }
    if (++links_ > kMostLinks) throw Error("open", path_, ELOOP);
    const std::string target = read_link(found.get(), path_);
    if (target.starts_with('/')) {
      above_.clear();
      here_ = duplicate(root_);
    }
    push_front(target);
    return true;
  }

  int open_one(const std::string& name) const {
    return ::openat(here_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
  }

  // What somebody else made in between is as good as ours: it is looked at after it was opened.
  UniqueFd open_or_make_dir(const std::string& name, mode_t mode) const {
    int fd = open_one(name);
    if (fd < 0 && errno == ENOENT) {
      if (::mkdirat(here_.get(), name.c_str(), mode) < 0 && errno != EEXIST) {
        throw Error("mkdir", path_, errno);
      }
      fd = open_one(name);
    }
    return UniqueFd(check(fd, "open", path_));
  }

  UniqueFd open_or_make_file(const std::string& name, mode_t mode) const {
    int fd = open_one(name);
    if (fd < 0 && errno == ENOENT) {
      const UniqueFd made(::openat(here_.get(), name.c_str(),
                                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
      if (!made && errno != EEXIST) throw Error("make file", path_, errno);
      fd = open_one(name);
    }
    return UniqueFd(check(fd, "open", path_));
  }

  int root_;
  const std::string& path_;
  Last last_;
  int links_ = 0;
  UniqueFd here_;
  std::vector<UniqueFd> above_;
  std::deque<std::string> todo_;
};

}  // namespace

UniqueFd RootDir::open(const std::string& path, int flags) const {
  return UniqueFd(check(open_in_root(fd(), path.c_str(), flags), "open", path));
}

std::optional<UniqueFd> RootDir::open_if_exists(const std::string& path, int flags) const {
  const int found = open_in_root(fd(), path.c_str(), flags);
  if (found < 0 && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  return UniqueFd(check(found, "open", path));
}

UniqueFd RootDir::make_dirs(const std::string& path, Last last, mode_t mode) const {
  return Descent(fd(), path, last).to_directory(mode);
}

UniqueFd RootDir::make_file(const std::string& path, Last last, mode_t mode) const {
  return Descent(fd(), path, last).to_file(0755, mode);
}

}  // namespace berth::runtime::rootfs
