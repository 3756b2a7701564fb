#include "runtime/rootfs/copy_up.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/limits.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"

namespace berth::runtime::rootfs {
namespace {

// Of a tmpfs: what it cannot hold, or what this process may not set, stays behind. A label is the
// mount's own.
void copy_attribute(int from, int to, const char* name) {
  if (std::string_view(name) == "security.selinux") return;
  std::string value(XATTR_SIZE_MAX, '\0');
  const ssize_t size = ::fgetxattr(from, name, value.data(), value.size());
  if (size < 0) return;
  (void)::fsetxattr(to, name, value.data(), static_cast<size_t>(size), 0);
}

void copy_attributes(int from, int to) {
  std::string names(XATTR_LIST_MAX, '\0');
  const ssize_t size = ::flistxattr(from, names.data(), names.size());
  for (ssize_t at = 0; at < size; at += static_cast<ssize_t>(std::strlen(&names[at])) + 1) {
    copy_attribute(from, to, &names[at]);
  }
}

// Attributes after the owner, whose change takes some of them away; times last.
void copy_metadata(int from, int to, const struct stat& st, const std::string& name) {
  copy_owner_and_mode(to, st, name);
  copy_attributes(from, to);
  const timespec times[] = {st.st_atim, st.st_mtim};
  (void)::futimens(to, times);
}

void copy_file(int from_dir, int to_dir, const std::string& name) {
  const UniqueFd from = open_file(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  struct stat st {};
  check(::fstat(from.get(), &st), "fstat", name);
  if (!S_ISREG(st.st_mode)) throw Error("copy", name, EINVAL);  // swapped since it was looked at
  const UniqueFd to = open_file(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  constexpr size_t kChunk = size_t{1} << 30;
  while (check(::sendfile(to.get(), from.get(), nullptr, kChunk), "copy", name) > 0) {
  }
  copy_metadata(from.get(), to.get(), st, name);
}

void copy_link(int from_dir, int to_dir, const std::string& name, const struct stat& st) {
  std::string target(PATH_MAX, '\0');
  const ssize_t size =
      check(::readlinkat(from_dir, name.c_str(), target.data(), target.size()), "read link", name);
  target.resize(static_cast<size_t>(size));
  check(::symlinkat(target.c_str(), to_dir, name.c_str()), "symlink", name);
  if (::fchownat(to_dir, name.c_str(), st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 &&
      errno != EINVAL && errno != EPERM) {
    throw Error("chown", name, errno);
  }
}

void copy_entry(int from_dir, int to_dir, const std::string& name) {
  struct stat st {};
  check(::fstatat(from_dir, name.c_str(), &st, AT_SYMLINK_NOFOLLOW), "stat", name);
  if (S_ISDIR(st.st_mode)) {
    check(::mkdirat(to_dir, name.c_str(), 0700), "mkdir", name);
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    copy_up(open_file(from_dir, name, kFlags).get(), open_file(to_dir, name, kFlags).get());
  } else if (S_ISREG(st.st_mode)) {
    copy_file(from_dir, to_dir, name);
  } else if (S_ISLNK(st.st_mode)) {
    copy_link(from_dir, to_dir, name, st);
  } else if (!S_ISSOCK(st.st_mode)) {
    if (::mknodat(to_dir, name.c_str(), st.st_mode, st.st_rdev) < 0) {
      if (errno == EPERM) return;
      throw Error("mknod", name, errno);
    }
    (void)!::fchownat(to_dir, name.c_str(), st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW);
  }
}

}  // namespace

void copy_up(int from, int to) {
  for (const std::string& name : list_dir(from)) copy_entry(from, to, name);
  struct stat st {};
  check(::fstat(from, &st), "fstat", "directory");
  copy_metadata(from, to, st, "directory");
}

void copy_owner_and_mode(int to, const struct stat& st, const std::string& name) {
  if (::fchown(to, st.st_uid, st.st_gid) < 0 && errno != EINVAL && errno != EPERM) {
    throw Error("chown", name, errno);
  }
  check(::fchmod(to, st.st_mode & 07777), "chmod", name);
}

}  // namespace berth::runtime::rootfs
