#include "runtime/container/hooks.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <iterator>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/fd.h"
#include "base/one_line.h"
#include "base/trace.h"
#include "runtime/process/signal_name.h"

namespace berth::runtime {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kOutputKept = 2000;  // bytes for the message

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

// In the child: what the hook prints is for the message, and of ours it gets nothing.
[[noreturn]] void become_hook(const spec::Hook& hook, const std::vector<std::string>& env,
                              int input, int output) {
  ::setpgid(0, 0);  // so that its end can be that of its children
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::dup2(input, 0) == 0 && ::dup2(output, 1) == 1 && ::dup2(output, 2) == 2 &&
      ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0) {
    const std::vector<std::string> args =
        hook.args.empty() ? std::vector<std::string>{hook.path} : hook.args;
    ::execve(hook.path.c_str(), pointers(args).data(),
             pointers(hook.env.empty() ? env : hook.env).data());
  }
  const char* const why = std::strerror(errno);
  (void)!::write(2, why, std::strlen(why));
  ::_exit(127);
}

// A hook's process; killed, with its group, and reaped where it is left early.
class HookProcess {
 public:
  HookProcess(const spec::Hook& hook, const std::vector<std::string>& env) {
    Pipe input = make_pipe(), output = make_pipe();
    pid_ = check(::fork(), "fork");
    if (pid_ == 0) become_hook(hook, env, input.read.get(), output.write.get());
    ::setpgid(pid_, pid_);  // whoever of the two is first
    pidfd_.reset(static_cast<int>(check(::syscall(SYS_pidfd_open, pid_, 0), "pidfd_open")));
    input_ = std::move(input.write);
    output_ = std::move(output.read);
  }
  ~HookProcess() {
    if (pid_ > 0) {
      ::kill(-pid_, SIGKILL);
      (void)wait();
    }
  }
  HookProcess(const HookProcess&) = delete;
  HookProcess& operator=(const HookProcess&) = delete;

  // Feeds it and listens until it ends; false where the deadline came first. A child that it leaves
  // behind may keep its output open.
  bool see_to_end(std::string_view state, std::optional<Clock::time_point> deadline) {
    ::fcntl(input_.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
    for (;;) {
      pollfd fds[] = {{output_ ? output_.get() : -1, POLLIN, 0},
                      {input_ ? input_.get() : -1, POLLOUT, 0},
                      {pidfd_.get(), POLLIN, 0}};
      const int rc = ::poll(fds, std::size(fds), left(deadline));
      if (rc < 0 && errno == EINTR) continue;
      check(rc, "poll");
      if (rc == 0) return false;
      if (fds[1].revents != 0) feed(state);
      if (fds[0].revents != 0) (void)listen();
      if (fds[2].revents == 0) continue;
      while (output_ && listen()) {  // what it said last
      }
      status_ = wait();
      return true;
    }
  }

  int status() const { return status_; }
  const std::string& said() const { return said_; }

 private:
  static int left(std::optional<Clock::time_point> deadline) {
    if (!deadline) return -1;
    const auto rest =
        std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - Clock::now()).count();
    return rest > 0 ? static_cast<int>(rest) : 0;
  }

  void feed(std::string_view& state) {
    const ssize_t n = state.empty() ? 0 : ::write(input_.get(), state.data(), state.size());
    if (n > 0) state.remove_prefix(static_cast<size_t>(n));
    const bool later = n < 0 && (errno == EAGAIN || errno == EINTR);
    if (!later && (n < 0 || state.empty())) input_.reset();  // or it does not care to read
  }

  // Whether there may be more.
  bool listen() {
    char buffer[1024];
    const ssize_t n = ::read(output_.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) return true;
    if (n < 0 && errno == EAGAIN) return false;
    if (n <= 0) {
      output_.reset();
      return false;
    }
    said_.append(buffer, static_cast<size_t>(n));
    if (said_.size() > kOutputKept) said_.erase(0, said_.size() - kOutputKept);
    return true;
  }

  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

  pid_t pid_ = -1;
  UniqueFd pidfd_, input_, output_;
  std::string said_;
  int status_ = 0;
};

// A reader that went away is the hook's right, not our end.
class WithoutSigpipe {
 public:
  WithoutSigpipe() { ignore(&before_); }
  // While signals are blocked, as in a start, an ignored one stays pending all the same, and would
  // come when they are not. To ignore it anew discards it (sigaction(3p)).
  ~WithoutSigpipe() {
    ignore(nullptr);
    ::sigaction(SIGPIPE, &before_, nullptr);
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

 private:
  static void ignore(struct sigaction* before) {
    struct sigaction action {};
    action.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &action, before);
  }
  struct sigaction before_ {};
};

std::string describe(int status) {
  return WIFEXITED(status) ? "ended with " + std::to_string(WEXITSTATUS(status))
                           : "was killed by signal " + process::signal_text(WTERMSIG(status));
}

void run_one(const spec::Hook& hook, const std::string& kind, size_t number,
             const std::string& state, const std::vector<std::string>& env) {
  if (tracing()) trace("run " + kind + " hook #" + std::to_string(number) + " '" + hook.path + "'");
  const WithoutSigpipe scope;
  HookProcess process(hook, env);
  std::optional<Clock::time_point> deadline;
  if (hook.timeout) deadline = Clock::now() + std::chrono::seconds(*hook.timeout);
  const bool ended = process.see_to_end(state, deadline);
  // The words that engines know from runc.
  const std::string name = "error running " + kind + " hook #" + std::to_string(number);
  std::string said = process.said();
  while (said.ends_with('\n')) said.pop_back();
  if (!said.empty()) said = ": " + one_line(said);
  if (!ended) {
    throw Error(name + ": '" + hook.path + "' did not end within its timeout of " +
                std::to_string(hook.timeout.value_or(0)) + " s" + said);
  }
  if (process.status() != 0) {
    throw Error(name + ": '" + hook.path + "' " + describe(process.status()) + said);
  }
}

}  // namespace

void run_hooks(const std::vector<spec::Hook>& hooks, const std::string& kind,
               const std::string& state, const std::vector<std::string>& env) {
  for (size_t i = 0; i < hooks.size(); ++i) run_one(hooks[i], kind, i, state, env);
}

void run_hook(const spec::Hook& hook, const std::string& kind, size_t number,
              const std::string& state) {
  run_one(hook, kind, number, state, {});
}

}  // namespace berth::runtime
