#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/error.h"

namespace berth {
namespace {

std::string name_beside(const std::string& name, pid_t maker) {
  return "." + name + "." + std::to_string(maker);
}

// ESRCH: a file of a process, which has gone since it was opened.
bool is_absent(int code) {
  return code == ENOENT || code == ENODEV || code == ESRCH;
}

}  // namespace

UniqueFd open_file(int dir, const std::string& name, int flags, mode_t mode) {
  return UniqueFd(check(::openat(dir, name.c_str(), flags | O_CLOEXEC, mode), "open", name));
}

UniqueFd open_dir(int dir, const std::string& name) {
  return open_file(dir, name, O_RDONLY | O_DIRECTORY);
}

std::optional<UniqueFd> open_dir_if_exists(int dir, const std::string& name) {
  const int fd = ::openat(dir, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return std::nullopt;
  return UniqueFd(check(fd, "open", name));
}

std::string read_fd(int fd, std::string_view name, size_t cap) {
  std::string content;
  char buffer[4096];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    check(n, "read", name);
    if (n == 0) return content;
    content.append(buffer, static_cast<size_t>(n));
    if (content.size() > cap) throw Error("read", name, EFBIG);
  }
}

std::string read_file(int dir, const std::string& name, size_t cap) {
  return read_fd(open_file(dir, name, O_RDONLY).get(), name, cap);
}

std::optional<std::string> read_file_if_exists(int dir, const std::string& name, size_t cap) {
  const UniqueFd file(::openat(dir, name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && is_absent(errno)) return std::nullopt;
  check(file.get(), "open", name);
  try {
    return read_fd(file.get(), name, cap);
  } catch (const Error& e) {
    if (is_absent(e.code())) return std::nullopt;
    throw;
  }
}

void write_once(int fd, std::string_view value, std::string_view name) {
  ssize_t n = 0;
  do {
    n = ::write(fd, value.data(), value.size());
  } while (n < 0 && errno == EINTR);
  check(n, "write", name);
  if (static_cast<size_t>(n) != value.size()) throw Error("write", name, EIO);
}

void write_file(int dir, const std::string& name, std::string_view value) {
  write_once(open_file(dir, name, O_WRONLY).get(), value, name);
}

void write_all(int fd, std::string_view content, std::string_view name) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    check(n, "write", name);
    content.remove_prefix(static_cast<size_t>(n));
  }
}

NextFile::NextFile(int dir, std::string name, std::string_view content, mode_t mode,
                   bool through_a_crash)
    : dir_(dir),
      name_(std::move(name)),
      beside_(name_beside(name_, ::getpid())),
      through_a_crash_(through_a_crash) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd fd(::openat(dir, beside_.c_str(), kFlags, mode));
  if (!fd && errno == EEXIST) {
    // No living process but this one has the name: what is there, a crash left.
    check(::unlinkat(dir, beside_.c_str(), 0), "remove", beside_);
    fd.reset(::openat(dir, beside_.c_str(), kFlags, mode));
  }
  check(fd.get(), "open", beside_);
  try {
    check(::fchmod(fd.get(), mode), "chmod", beside_);  // open's own is cut by the umask
    write_all(fd.get(), content, beside_);
    if (through_a_crash) check(::fsync(fd.get()), "fsync", beside_);
  } catch (...) {
    ::unlinkat(dir, beside_.c_str(), 0);
    throw;
  }
}

NextFile::~NextFile() {
  if (!committed_) ::unlinkat(dir_, beside_.c_str(), 0);
}

void NextFile::commit_for(pid_t maker, int dir, const std::string& name) {
  check(::renameat(dir, name_beside(name, maker).c_str(), dir, name.c_str()), "rename", name);
}

void NextFile::commit() {
  check(::renameat(dir_, beside_.c_str(), dir_, name_.c_str()), "rename", name_);
  committed_ = true;
  if (through_a_crash_) check(::fsync(dir_), "fsync directory of", name_);
}

void replace_file(int dir, const std::string& name, std::string_view content, mode_t mode,
                  bool through_a_crash) {
  NextFile(dir, name, content, mode, through_a_crash).commit();
}

namespace {

// getdents64(2) by itself: fdopendir would add three calls for each directory, and cgroup trees are
// all directories.
template <class Visit>
void for_each_entry(int dir, const Visit& visit) {
  const UniqueFd own = open_dir(dir, ".");  // with an offset of its own
  alignas(dirent64) char buffer[16384];
  for (;;) {
    const ssize_t size = check(::getdents64(own.get(), buffer, sizeof buffer), "list directory");
    if (size == 0) return;
    for (ssize_t at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      at += entry->d_reclen;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") visit(name, entry->d_type);
    }
  }
}

bool is_directory(int dir, const std::string& name) {
  struct stat status {};
  return ::fstatat(dir, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

std::vector<std::string> list_dir(int dir) {
  std::vector<std::string> names;
  for_each_entry(dir, [&](std::string_view name, unsigned char) { names.emplace_back(name); });
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> list_subdirectories(int dir) {
  std::vector<std::string> names;
  for_each_entry(dir, [&](std::string_view name, unsigned char type) {
    // Not every file system says what an entry is.
    if (type == DT_DIR || (type == DT_UNKNOWN && is_directory(dir, std::string(name)))) {
      names.emplace_back(name);
    }
  });
  std::ranges::sort(names);
  return names;
}

bool make_dir(int dir, const std::string& name, mode_t mode) {
  if (::mkdirat(dir, name.c_str(), mode) == 0) return true;
  if (errno == EEXIST) return false;
  throw Error("mkdir", name, errno);
}

}  // namespace berth
