#include "runtime/container/criu_child.h"

#include <linux/close_range.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"
#include "runtime/container/enter.h"
#include "runtime/criu/program.h"
#include "runtime/criu/worker.h"
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

// criu runs a program when all is made and nothing goes on yet. Ours tells the first process' pid
// and waits: where nothing comes back, criu gives up. It is in memory, for criu takes a path, and
// what /run has may not be executed everywhere; what it opens are this process' descriptors, for
// criu passes none on.
struct Stop {
  Pipe told = make_pipe(), answer = make_pipe();
  UniqueFd script = sealed_memfd("criu-script", text());

  static std::string path(const UniqueFd& fd) {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd.get());
  }
  std::string text() const {
    return "#!/bin/sh\n[ \"$CRTOOLS_SCRIPT_ACTION\" = post-restore ] || exit 0\n"
           "echo \"$CRTOOLS_INIT_PID\" >" +
           path(told.read) + " && read -r go <" + path(answer.read) + "\n";
  }
};

std::vector<char*> arguments(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  return argv;
}

[[noreturn]] void become_criu(const CriuRestore& restore, const Stop& stop,
                              const std::optional<criu::Order>& order, int go, int errors) {
  try {
    char byte = 0;
    if (::read(go, &byte, 1) != 1) ::_exit(kExitBerthFailed);
    if (!restore.cgroup.empty()) join_self(restore.cgroup);
    if (restore.all_cpus) process::take_all_cpus();
    make_root_a_mount(restore);
    check(::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
    for (const UniqueFd& fd : restore.passed) set_inheritable(fd.get(), true);
    if (order) order->pass_images_on();
    if (restore.signal_mask != nullptr) ::sigprocmask(SIG_SETMASK, restore.signal_mask, nullptr);
    set_inheritable(stop.told.write.get(), true);  // closed when criu ends
    const std::vector<char*> argv = arguments(restore.words);
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

// The line that the script writes; 0 where criu ended before.
pid_t read_pid(int fd) {
  std::string line;
  char byte = 0;
  for (ssize_t got = 0; (got = ::read(fd, &byte, 1)) != 0;) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 || byte == '\n') break;
    line += byte;
  }
  pid_t pid = 0;
  (void)std::from_chars(line.data(), line.data() + line.size(), pid);
  return pid;
}

void trace_words(const std::vector<std::string>& words) {
  if (!tracing()) return;
  std::string line = "run";
  for (const std::string& word : words) line += " " + word;
  trace(line);
}

// The restored container's settling, where criu runs a script for it.
void settle_at_stop(Stop& stop, Process& child, const CriuRestore& restore) {
  if (const pid_t first = read_pid(stop.told.read.get()); first > 0) {
    try {
      if (restore.settle) restore.settle(first);
      write_all(stop.answer.write.get(), "go\n", "criu");
    } catch (...) {
      stop.answer.write.reset();
      (void)child.wait();  // criu ends what it made
      throw;
    }
  }
  stop.answer.write.reset();
}

bool talk_to_worker(int socket, const criu::Order& order, Process& child,
                    const CriuRestore& restore) {
  try {
    return criu::converse(socket, order,
                          {.restored = restore.settle, .terminal = restore.terminal});
  } catch (...) {
    (void)child.wait();
    throw;
  }
}

// Where one is wanted: the words become its, and it gets the other end of `socket`.
std::optional<criu::Order> make_worker(CriuRestore& restore, UniqueFd& socket) {
  if (!restore.terminal) return std::nullopt;
  SocketPair pair = socket_pair();
  std::optional<criu::Order> order(std::in_place,
                                   std::vector(restore.words.begin() + 1, restore.words.end()));
  restore.words = order->words(restore.words.front(), pair.second.get());
  restore.passed.push_back(std::move(pair.second));
  socket = std::move(pair.first);
  return order;
}

}  // namespace

void run_restore(CriuRestore restore) {
  Pipe go = make_pipe(), errors = make_pipe();
  Stop stop;
  UniqueFd socket;
  trace_words(restore.words);
  const std::optional<criu::Order> order = make_worker(restore, socket);
  if (!order) {
    restore.words.insert(restore.words.end(), {"--action-script", Stop::path(stop.script)});
  }
  const pid_t pid = check(::fork(), "fork");
  if (pid == 0) {
    go.write.reset();
    stop.answer.write.reset();
    become_criu(restore, stop, order, go.read.get(), errors.write.get());
  }
  Process child(pid);
  restore.passed.clear();
  errors.write.reset();
  stop.told.write.reset();
  if (restore.place) restore.place(child.pid());
  write_all(go.write.get(), "g", "criu");
  const std::string error = read_fd(errors.read.get(), "criu");
  if (!error.empty()) throw Error(error);
  bool succeeded = true;
  if (order) {
    succeeded = talk_to_worker(socket.get(), *order, child, restore);
  } else {
    settle_at_stop(stop, child, restore);
  }
  socket.reset();
  const int status = child.wait();
  if (!succeeded || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw Error(criu::failure("restore", status, restore.log, ""));
  }
}

}  // namespace berth::runtime
