#include "runtime/process/stdio.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/error.h"
#include "base/fd.h"

namespace berth::runtime::process {
namespace {

bool is_null_device(int fd) {
  struct stat st {};
  return ::fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == ::makedev(1, 3);
}

}  // namespace

void give_stdio(uid_t uid) {
  for (int number = 0; number < 3; ++number) {
    struct stat st {};
    if (::fstat(number, &st) != 0) continue;  // closed
    if (S_ISCHR(st.st_mode) || st.st_uid == uid || st.st_uid != ::geteuid()) continue;
    if (::fchown(number, uid, static_cast<gid_t>(-1)) == 0) continue;
    // A file system that has no owners, or none that may be changed.
    if (errno != EPERM && errno != EROFS && errno != EINVAL) {
      throw Error("chown standard descriptor", std::to_string(number), errno);
    }
  }
}

void take_own_null_device() {
  UniqueFd own;
  for (int number = 0; number < 3; ++number) {
    if (!is_null_device(number)) continue;
    if (!own) own = UniqueFd(::open("/dev/null", O_RDWR | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
    if (!own || !is_null_device(own.get())) return;
    check(::dup2(own.get(), number), "replace standard descriptor", std::to_string(number));
  }
}

}  // namespace berth::runtime::process
