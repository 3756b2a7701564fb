#include "launcher/task_group.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"

namespace berth::launcher {
namespace {

// Signals that end or steer a program and that people and schedulers send; SIGCHLD tells us of
// ends.
constexpr int kForwarded[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,
                              SIGUSR2, SIGALRM, SIGCONT, SIGWINCH};

sigset_t watched() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : kForwarded) ::sigaddset(&set, signal);
  ::sigaddset(&set, SIGCHLD);
  return set;
}

void send_signal(const UniqueFd& pidfd, int signal) {
  // ESRCH: it ended meanwhile.
  (void)::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0);
}

}  // namespace

TaskGroup::TaskGroup(bool label) : label_(label) {
  const sigset_t set = watched();
  check(::sigprocmask(SIG_BLOCK, &set, &mask_before_), "block signals");
  signals_ = UniqueFd(check(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd"));
}

TaskGroup::~TaskGroup() {
  for (const Task& task : tasks_) {
    if (!task.running) continue;
    send_signal(task.child.pidfd, SIGKILL);
    int status = 0;
    while (::waitpid(task.child.pid, &status, 0) < 0 && errno == EINTR) {
    }
  }
}

void TaskGroup::start(unsigned number, runtime::Entry entry, runtime::CgroupJoin join,
                      const std::optional<rdt::OpenPlace>& place,
                      const std::function<void(pid_t)>& network) {
  Pipe out, err;
  if (label_) {
    out = make_pipe();
    err = make_pipe();
    entry.stdio = {-1, out.write.get(), err.write.get()};
  }
  UniqueFd nothing;
  if (number > 0) {
    nothing = open_file(AT_FDCWD, "/dev/null", O_RDONLY);
    entry.stdio[0] = nothing.get();
  }
  entry.signal_mask = mask_before_;
  runtime::ParentSteps steps;
  steps.place = [&](pid_t pid) {
    if (place) place->add(pid);
  };
  steps.network = network;
  try {
    tasks_.push_back({runtime::spawn(std::move(entry), std::move(join), steps)});
  } catch (const runtime::EnterFailure& e) {
    throw runtime::EnterFailure("start task " + std::to_string(number) + ": " + e.what(),
                                e.exit_code());
  }
  if (!label_) return;
  const std::string prefix = std::to_string(number) + ": ";
  streams_.push_back({std::move(out.read), STDOUT_FILENO, prefix, {}});
  streams_.push_back({std::move(err.read), STDERR_FILENO, prefix, {}});
}

void TaskGroup::forward_signals() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGCHLD) continue;
    for (const Task& task : tasks_) {
      if (task.running) send_signal(task.child.pidfd, static_cast<int>(info.ssi_signo));
    }
  }
}

void TaskGroup::reap() {
  for (Task& task : tasks_) {
    int status = 0;
    if (!task.running || ::waitpid(task.child.pid, &status, WNOHANG) != task.child.pid) continue;
    task.running = false;
    worst_ = std::max(worst_, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
  }
}

// Whole lines only, so that tasks do not break into each other's; what is left at the end gets a
// newline.
void TaskGroup::pass_on(Stream& stream) {
  char buffer[8192];
  const ssize_t n = ::read(stream.pipe.get(), buffer, sizeof buffer);
  if (n < 0) return;
  stream.pending.append(buffer, static_cast<size_t>(n));
  if (n == 0) {
    stream.pipe.reset();
    if (!stream.pending.empty()) stream.pending += '\n';
  }
  std::string text;
  size_t start = 0;
  for (size_t end = 0; (end = stream.pending.find('\n', start)) != std::string::npos;) {
    text.append(stream.label).append(stream.pending, start, end + 1 - start);
    start = end + 1;
  }
  stream.pending.erase(0, start);
  if (!text.empty()) write_all(stream.destination, text, "output of the tasks");
}

int TaskGroup::wait() {
  for (;;) {
    reap();
    const bool running = std::ranges::any_of(tasks_, [](const Task& t) { return t.running; });
    std::erase_if(streams_, [](const Stream& s) { return !s.pipe; });
    if (!running && streams_.empty()) return worst_;
    std::vector<pollfd> polled{{signals_.get(), POLLIN, 0}};
    for (const Stream& stream : streams_) polled.push_back({stream.pipe.get(), POLLIN, 0});
    // Without tasks the pipes are read to their end; a grandchild that keeps one open is not waited
    // for.
    const int ready = ::poll(polled.data(), polled.size(), running ? -1 : 100);
    if (ready < 0 && errno != EINTR) throw Error("poll", {}, errno);
    if (ready == 0 && !running) return worst_;
    if (ready <= 0) continue;
    forward_signals();
    for (size_t i = 0; i < streams_.size(); ++i) {
      if (polled[i + 1].revents != 0) pass_on(streams_[i]);
    }
  }
}

}  // namespace berth::launcher
