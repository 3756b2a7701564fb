#include "runtime/rootfs/descent.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace berth::runtime::rootfs {
namespace {

constexpr int kMostLinks = 40;  // as the kernel's own walk

mode_t type_of(int fd, std::string_view path) {
  struct stat st {};
  check(::fstat(fd, &st), "fstat", path);
  return st.st_mode & S_IFMT;
}

}  // namespace

std::string read_link(int link, std::string_view name) {
  std::string target(PATH_MAX, '\0');
  const ssize_t size =
      check(::readlinkat(link, "", target.data(), target.size()), "read link", name);
  target.resize(static_cast<size_t>(size));
  return target;
}

Descent::Descent(int root, const std::string& path, Last last)
    : root_(root), path_(path), last_(last), here_(duplicate(root)) {
  push_front(path);
}

void Descent::push_front(std::string_view path) {
  std::vector<std::string> names;
  while (!path.empty()) {
    const size_t end = path.find('/');
    const std::string_view name = path.substr(0, end);
    if (!name.empty() && name != ".") names.emplace_back(name);
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
  }
  todo_.insert(todo_.begin(), names.begin(), names.end());
}

std::optional<std::string> Descent::next() {
  while (!todo_.empty()) {
    std::string name = std::move(todo_.front());
    todo_.pop_front();
    if (name != "..") return name;
    up();
  }
  return std::nullopt;
}

void Descent::up() {
  if (above_.empty()) return;  // `/..` is `/`
  here_ = std::move(above_.back());
  above_.pop_back();
  names_.pop_back();
}

std::string Descent::path_of_here() const {
  std::string path;
  for (const std::string& name : names_) path.append("/").append(name);
  return path.empty() ? "/" : path;
}

int Descent::open_one(const std::string& name) const {
  return ::openat(here_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

bool Descent::follow_if_link(const UniqueFd& found) {
  if (type_of(found.get(), path_) != S_IFLNK) return false;
  if (todo_.empty() && last_ == Last::itself) return false;
  if (todo_.empty() && last_ == Last::real) {
    throw Error("'" + path_ + "' is a symbolic link in the root file system");
  }
  if (++links_ > kMostLinks) throw Error("open", path_, ELOOP);
  const std::string target = read_link(found.get(), path_);
  if (target.starts_with('/')) {
    above_.clear();
    names_.clear();
    here_ = duplicate(root_);
  }
  push_front(target);
  return true;
}

void Descent::down(UniqueFd dir, const std::string& name) {
  if (type_of(dir.get(), path_) != S_IFDIR) throw Error("open", path_, ENOTDIR);
  above_.push_back(std::move(here_));
  names_.push_back(name);
  here_ = std::move(dir);
}

}  // namespace berth::runtime::rootfs
