// A namespace lives while a process or a descriptor refers to it: a child makes it and maps its own
// id (which the kernel lets only the process inside or a privileged one do), the parent opens it,
// the child ends. Between clone and exit the child does system calls alone: its parent may have
// threads, whose locks it copied.
#include "runtime/process/step_namespace.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "base/error.h"

namespace berth::runtime {
namespace {

// What the child reports in one write: where it failed and why; step 0 is success.
struct Report {
  int step = 0;
  int code = 0;
};
constexpr const char* kSteps[] = {"make user namespace", "unshare user namespace",
                                  "write /proc/self/setgroups", "write /proc/self/gid_map",
                                  "write /proc/self/uid_map"};

bool put(const char* path, const char* text, size_t size) noexcept {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool done = ::write(fd, text, size) == static_cast<ssize_t>(size);
  const int code = errno;
  ::close(fd);
  errno = code;
  return done;
}

Report make(const std::string& uid_map, const std::string& gid_map) noexcept {
  // A process that changed its uid is not dumpable, and /proc/self/uid_map then root's.
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  if (::unshare(CLONE_NEWUSER) != 0) return {1, errno};
  if (!put("/proc/self/setgroups", "deny", 4)) return {2, errno};
  if (!put("/proc/self/gid_map", gid_map.data(), gid_map.size())) return {3, errno};
  if (!put("/proc/self/uid_map", uid_map.data(), uid_map.size())) return {4, errno};
  return {};
}

// A child whose end raises no signal and that a wait(2) elsewhere in the process does not reap.
class QuietChild {
 public:
  // True in the child.
  bool start() {
    int pidfd = -1;
    clone_args args{};
    args.flags = CLONE_PIDFD;
    args.pidfd = reinterpret_cast<uint64_t>(&pidfd);
    pid_ = static_cast<pid_t>(
        check(::syscall(SYS_clone3, &args, sizeof args), "clone for user namespace"));
    if (pid_ == 0) return true;
    pidfd_.reset(pidfd);
    return false;
  }
  ~QuietChild() {
    if (pid_ <= 0) return;
    siginfo_t info{};
    while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | __WALL) != 0 &&
           errno == EINTR) {
    }
  }
  QuietChild() = default;
  QuietChild(const QuietChild&) = delete;
  QuietChild& operator=(const QuietChild&) = delete;
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  UniqueFd pidfd_;
};

[[noreturn]] void live_as_child(const std::string& uid_map, const std::string& gid_map,
                                const Pipe& report, const Pipe& release) noexcept {
  // Our own copy of the writing end would keep the read below from ever ending.
  ::close(release.write.get());
  const Report result = make(uid_map, gid_map);
  if (::write(report.write.get(), &result, sizeof result) == sizeof result) {
    char end = 0;
    while (::read(release.read.get(), &end, 1) < 0 && errno == EINTR) {
    }
  }
  ::_exit(0);
}

Report read_report(int fd) {
  Report result;
  ssize_t n = 0;
  do {
    n = ::read(fd, &result, sizeof result);
  } while (n < 0 && errno == EINTR);
  if (n != sizeof result) throw Error("make user namespace: its first process died");
  return result;
}

}  // namespace

UniqueFd make_user_namespace(uid_t inside_uid, gid_t inside_gid) {
  const std::string uid_map = std::to_string(inside_uid) + " " + std::to_string(::geteuid()) + " 1";
  const std::string gid_map = std::to_string(inside_gid) + " " + std::to_string(::getegid()) + " 1";
  QuietChild child;  // waits for the child's end: destroyed after the pipes that hold it
  Pipe report = make_pipe();
  Pipe release = make_pipe();
  if (child.start()) live_as_child(uid_map, gid_map, report, release);
  report.write.reset();
  release.read.reset();
  const Report result = read_report(report.read.get());
  if (result.step != 0) {
    throw Error(kSteps[result.step], {}, result.code);
  }
  const std::string path = "/proc/" + std::to_string(child.pid()) + "/ns/user";
  return UniqueFd(check(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open", path));
}

}  // namespace berth::runtime
