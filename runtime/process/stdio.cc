#include "runtime/process/stdio.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/error.h"

namespace berth::runtime::process {

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

}  // namespace berth::runtime::process
