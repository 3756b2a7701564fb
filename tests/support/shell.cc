#include "tests/support/shell.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "base/fd.h"

namespace berth::test {
namespace {

using std::chrono::steady_clock;

struct Identity {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

std::optional<Identity> identity_of(const std::string& user) {
  if (user.empty()) return std::nullopt;
  const passwd* entry = ::getpwnam(user.c_str());
  if (entry == nullptr) throw Error("no user '" + user + "'");
  return Identity{user, entry->pw_uid, entry->pw_gid};
}

std::vector<std::string> environment(const std::map<std::string, std::string>& more) {
  std::vector<std::string> result;
  for (char** line = environ; *line != nullptr; ++line) {
    const std::string text = *line;
    if (!more.contains(text.substr(0, text.find('=')))) result.push_back(text);
  }
  for (const auto& [name, value] : more) result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

struct Pipe {
  UniqueFd read_end, write_end;
};

Pipe make_pipe() {
  int ends[2];
  check(::pipe2(ends, O_CLOEXEC), "pipe");
  check(::fcntl(ends[0], F_SETFL, O_NONBLOCK), "fcntl");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

struct Start {
  std::vector<std::string> words, variables;
  std::optional<Identity> identity;
  std::string directory;
  int in = -1, out = -1, err = -1;
};

[[noreturn]] void become(const Start& start) {
  std::vector<char*> argv = pointers(start.words), envp = pointers(start.variables);
  ::setpgid(0, 0);
  ::dup2(start.in, STDIN_FILENO);
  ::dup2(start.out, STDOUT_FILENO);
  ::dup2(start.err, STDERR_FILENO);
  bool ready = start.directory.empty() || ::chdir(start.directory.c_str()) == 0;
  if (ready && start.identity) {
    ready = ::initgroups(start.identity->name.c_str(), start.identity->gid) == 0 &&
            ::setgid(start.identity->gid) == 0 && ::setuid(start.identity->uid) == 0;
  }
  if (ready) ::execvpe(argv[0], argv.data(), envp.data());
  ::dprintf(STDERR_FILENO, "cannot start '%s': %s\n", argv[0], ::strerror(errno));
  ::_exit(127);
}

bool drain(int fd, std::string& into) {
  char piece[65536];
  for (;;) {
    const ssize_t got = ::read(fd, piece, sizeof piece);
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    into.append(piece, static_cast<size_t>(got));
  }
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const Ran& ran) {
  return stream << "status " << ran.status << (ran.timed_out ? " after the time-out" : "")
                << "\nstandard output:\n"
                << ran.out << "\nstandard error:\n"
                << ran.err;
}

Running::Running(const std::vector<std::string>& words, const RunOptions& options)
    : timeout_(options.timeout) {
  const UniqueFd in = sealed_memfd("input", options.input);
  check(::lseek(in.get(), 0, SEEK_SET), "lseek");
  Pipe out = make_pipe(), err = make_pipe();
  const Start start{
      words,    environment(options.more), identity_of(options.user), options.directory,
      in.get(), out.write_end.get(),       err.write_end.get()};
  pid_ = check(::fork(), "fork");
  if (pid_ == 0) become(start);
  ::setpgid(pid_, pid_);  // both sides do it: a time-out may come before the child has run
  process_ = static_cast<int>(check(::syscall(SYS_pidfd_open, pid_, 0), "pidfd_open"));
  out_ = out.read_end.release();
  err_ = err.read_end.release();
}

Running::~Running() {
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  for (const int fd : {process_, out_, err_}) {
    if (fd >= 0) ::close(fd);
  }
}

void Running::take_output() {
  for (auto [fd, text] : {std::pair{&out_, &ran_.out}, std::pair{&err_, &ran_.err}}) {
    if (*fd < 0 || drain(*fd, *text)) continue;
    ::close(*fd);
    *fd = -1;
  }
}

const std::string& Running::out_so_far() {
  take_output();
  return ran_.out;
}

// True when the process has ended.
bool Running::poll_until(steady_clock::time_point end) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - steady_clock::now()).count();
    pollfd watched[] = {{process_, POLLIN, 0}, {out_, POLLIN, 0}, {err_, POLLIN, 0}};
    const int ready = ::poll(watched, 3, static_cast<int>(left > 0 ? left : 0));
    if (ready < 0 && errno != EINTR) throw Error("poll", "", errno);
    take_output();
    if (ready > 0 && watched[0].revents != 0) return true;
    if (ready == 0) return false;
  }
}

Ran Running::wait() {
  const auto end = steady_clock::now() + timeout_;
  if (!poll_until(end)) {
    ran_.timed_out = true;
    ::kill(-pid_, SIGTERM);
    if (!poll_until(end + std::chrono::seconds(5))) ::kill(-pid_, SIGKILL);
  }
  int status = 0;
  check(::waitpid(pid_, &status, 0), "waitpid");
  pid_ = -1;
  take_output();
  ran_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return std::move(ran_);
}

Ran run(const std::vector<std::string>& words, const RunOptions& options) {
  return Running(words, options).wait();
}

}  // namespace berth::test
