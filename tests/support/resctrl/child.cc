#include "tests/support/resctrl/child.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <future>
#include <thread>

#include "base/error.h"

namespace berth::test::resctrl {

namespace {

int write_to(int root, const std::string& path, std::string_view bytes) {
  const UniqueFd file(::openat(root, path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return errno;
  return ::write(file.get(), bytes.data(), bytes.size()) < 0 ? errno : 0;
}

void die_with(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);  // it was quicker
}

pid_t forked() {
  const pid_t parent = ::getpid(), pid = ::fork();
  if (pid != 0) return pid;
  die_with(parent);
  for (;;) ::pause();
}

pid_t threaded() {
  std::promise<pid_t> tid;
  std::thread([&tid] {
    tid.set_value(::gettid());
    for (;;) ::pause();
  }).detach();
  return tid.get_future().get();
}

// A message is a letter; of a write, a path, a NUL and the bytes behind it.
[[noreturn]] void obey(int socket, int root) {
  char buffer[8192];
  for (;;) {
    const ssize_t size = ::recv(socket, buffer, sizeof(buffer), 0);
    if (size <= 0) ::_exit(0);
    const std::string message(buffer + 1, static_cast<size_t>(size) - 1);
    int64_t answer = 0;
    if (buffer[0] == 'f') answer = forked();
    if (buffer[0] == 't') answer = threaded();
    if (buffer[0] == 'w') {
      const std::string path = message.substr(0, message.find('\0'));
      answer = write_to(root, path, std::string_view(message).substr(path.size() + 1));
    }
    if (::send(socket, &answer, sizeof(answer), 0) < 0) ::_exit(1);
  }
}

}  // namespace

Child::Child(uid_t uid, int root) {
  SocketPair ends = socket_pair();
  const pid_t parent = ::getpid();
  pid_ = check(::fork(), "fork");
  if (pid_ == 0) {
    if (uid != 0 && ::setresuid(uid, uid, uid) != 0) ::_exit(1);
    die_with(parent);  // a change of user forgets such a wish
    ends.first.reset();
    obey(ends.second.get(), root);
  }
  socket_ = std::move(ends.first);
  (void)ask("?");  // it is who it is to be
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), socket_(std::move(other.socket_)) {}

Child::~Child() {
  kill();
}

void Child::kill() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(std::exchange(pid_, 0), nullptr, 0);
}

pid_t Child::fork() const {
  return static_cast<pid_t>(ask("f"));
}
pid_t Child::add_thread() const {
  return static_cast<pid_t>(ask("t"));
}

int Child::write(const std::string& path, std::string_view bytes) const {
  return static_cast<int>(ask("w" + path + '\0' + std::string(bytes)));
}

int64_t Child::ask(const std::string& what) const {
  check(::send(socket_.get(), what.data(), what.size(), MSG_NOSIGNAL), "send", "a child");
  int64_t answer = 0;
  if (::recv(socket_.get(), &answer, sizeof(answer), 0) != sizeof(answer)) {
    throw Error("a child gave no answer");
  }
  return answer;
}

}  // namespace berth::test::resctrl
