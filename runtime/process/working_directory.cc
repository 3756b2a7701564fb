// Entered before the program is looked up: its name may be relative.
#include "runtime/process/working_directory.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <climits>

#include "base/error.h"
#include "base/trace.h"

namespace berth::runtime::process {
namespace {

// The kernel's own answer: the C library hides an unreachable directory behind ENOENT or a walk.
void require_reachable(const std::string& path) {
  char buffer[PATH_MAX];
  check(::syscall(SYS_getcwd, buffer, sizeof buffer), "getcwd in", path);
  if (buffer[0] != '/') {
    throw Error("refuse working directory '" + path + "': it is outside of the container");
  }
}

}  // namespace

bool enter_working_directory_early(const std::string& cwd) {
  if (::chdir(cwd.c_str()) < 0) {
    if (errno == EACCES || errno == EPERM) return false;
    throw Error("chdir to working directory", cwd, errno);
  }
  require_reachable(cwd);
  return true;
}

void enter_working_directory(const std::string& preferred, bool required, const std::string& cwd) {
  if (!preferred.empty()) {
    if (::chdir(preferred.c_str()) == 0) return require_reachable(preferred);
    if (required) throw Error("chdir to working directory", preferred, errno);
    if (tracing()) trace("no '" + preferred + "' inside: start in '" + cwd + "'");
  }
  check(::chdir(cwd.c_str()), "chdir to working directory", cwd);
  require_reachable(cwd);
}

}  // namespace berth::runtime::process
