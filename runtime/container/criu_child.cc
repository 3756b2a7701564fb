#include "runtime/container/criu_child.h"

#include <linux/close_range.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"
#include "runtime/container/enter.h"
#include "runtime/criu/program.h"
#include "runtime/process/cpu_affinity.h"

namespace berth::runtime {
namespace {

// criu takes only a mount for a root; the host is not to see it.
void make_root_a_mount(const CriuRestore& restore) {
  check(::unshare(CLONE_NEWNS), "unshare mount namespace");
  check(::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr), "mount / as slave");
  check(::mount(restore.rootfs.c_str(), restore.mount_point.c_str(), nullptr, MS_BIND | MS_REC,
                nullptr),
        "bind", restore.rootfs);
}

[[noreturn]] void become_criu(const CriuRestore& restore, int go, int errors) {
  try {
    char byte = 0;
    if (::read(go, &byte, 1) != 1) ::_exit(kExitBerthFailed);
    if (!restore.cgroup.empty()) join_self(restore.cgroup);
    if (restore.all_cpus) process::take_all_cpus();
    make_root_a_mount(restore);
    check(::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
    for (const UniqueFd& fd : restore.passed) set_inheritable(fd.get(), true);
    if (restore.signal_mask != nullptr) ::sigprocmask(SIG_SETMASK, restore.signal_mask, nullptr);
    std::vector<char*> argv;
    for (const std::string& word : restore.words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    throw Error("run", restore.words.front(), errno);
  } catch (const std::exception& e) {
    (void)!::write(errors, e.what(), std::strlen(e.what()));
  }
  ::_exit(kExitBerthFailed);
}

// Killed where nobody waits for it.
class Process {
 public:
  explicit Process(pid_t pid) : pid_(pid) {}
  ~Process() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    (void)wait();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  pid_t pid() const { return pid_; }
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
};

void trace_words(const std::vector<std::string>& words) {
  if (!tracing()) return;
  std::string line = "run";
  for (const std::string& word : words) line += " " + word;
  trace(line);
}

}  // namespace

void run_restore(const CriuRestore& restore) {
  trace_words(restore.words);
  Pipe go = make_pipe(), errors = make_pipe();
  const pid_t pid = check(::fork(), "fork");
  if (pid == 0) {
    go.write.reset();
    become_criu(restore, go.read.get(), errors.write.get());
  }
  Process child(pid);
  errors.write.reset();
  if (restore.place) restore.place(child.pid());
  write_all(go.write.get(), "g", "criu");
  const std::string error = read_fd(errors.read.get(), "criu");
  const int status = child.wait();
  if (!error.empty()) throw Error(error);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw Error(criu::failure("restore", status, restore.log, ""));
  }
}

}  // namespace berth::runtime
