#include "tests/support/resctrl/guardian.h"

#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

namespace berth::test::resctrl {

namespace {

// Other threads may have held any lock when this process was made: system calls alone.
[[noreturn]] void guard(int process, const char* path) {
  ::setsid();  // a signal to the test's process group is not for it
  ::dup2(process, 0);
  ::syscall(SYS_close_range, 1U, ~0U, 0U);
  pollfd death{0, POLLIN, 0};
  while (::poll(&death, 1, -1) < 0 && errno == EINTR) {
  }
  ::umount2(path, MNT_DETACH);
  ::rmdir(path);
  ::_exit(0);
}

}  // namespace

Guardian::Guardian(const std::string& path) {
  const UniqueFd process(
      static_cast<int>(check(::syscall(SYS_pidfd_open, ::getpid(), 0), "pidfd_open")));
  pid_ = static_cast<pid_t>(check(::syscall(SYS_clone, 0, 0, 0, 0, 0), "clone"));
  if (pid_ == 0) guard(process.get(), path.c_str());
}

Guardian::~Guardian() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, __WALL);
}

}  // namespace berth::test::resctrl
