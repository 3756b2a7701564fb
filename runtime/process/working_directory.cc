// Entered with the program's own rights, and before the program is looked up: its name may be
// relative.
#include "runtime/process/working_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
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

void make_working_directory(const std::string& cwd) {
  if (::access(cwd.c_str(), F_OK) == 0) return;
  UniqueFd dir = open_dir(AT_FDCWD, "/");
  size_t start = 0;
  while (start < cwd.size()) {
    const size_t end = std::min(cwd.find('/', start), cwd.size());
    const std::string part = cwd.substr(start, end - start);
    start = end + 1;
    if (part.empty()) continue;
    if (::mkdirat(dir.get(), part.c_str(), 0755) != 0 && errno != EEXIST) return;
    const int next = ::openat(dir.get(), part.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (next < 0) return;
    dir.reset(next);
  }
}

void enter_working_directory(const std::string& preferred, bool required, const std::string& cwd) {
  if (!preferred.empty()) {
    if (::chdir(preferred.c_str()) == 0) return require_reachable(preferred);
    if (required) throw Error("enter working directory", preferred, errno);
    if (tracing()) trace("no '" + preferred + "' inside: start in '" + cwd + "'");
  }
  check(::chdir(cwd.c_str()), "enter working directory", cwd);
  require_reachable(cwd);
}

}  // namespace berth::runtime::process
