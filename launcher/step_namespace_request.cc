// The root side of step_namespace.h. It runs inside slurmstepd, which has threads: between fork and
// execve only system calls are made.
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "base/error.h"
#include "launcher/step_namespace.h"

namespace berth::launcher {
namespace {

// The bundle may lie on a slow file system; a job that waits longer than this would look hung.
constexpr int kPatienceMs = 60'000;

[[noreturn]] void become_user_and_exec(const char* program, char* const* argv, const UserIds& ids,
                                       int socket) {
  // Some of slurmstepd's hooks run with the effective id lowered: back to root first, then down
  // for good.
  char* const no_environment[] = {nullptr};
  sigset_t none;
  ::sigemptyset(&none);
  if (::seteuid(0) == 0 || ::geteuid() == ids.uid) {
    if (::setgroups(ids.groups.size(), ids.groups.data()) == 0 &&
        ::setresgid(ids.gid, ids.gid, ids.gid) == 0 &&
        ::setresuid(ids.uid, ids.uid, ids.uid) == 0 &&
        ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0 && ::dup2(socket, kStepNamespaceFd) >= 0 &&
        ::fcntl(kStepNamespaceFd, F_SETFD, 0) == 0) {
      ::execve(program, argv, no_environment);
    }
  }
  ::_exit(127);
}

}  // namespace

StepNamespaceRequest StepNamespaceRequest::start(const std::string& launcher,
                                                 const std::string& bundle, const UserIds& ids,
                                                 bool keep_ids) {
  SocketPair sockets = socket_pair();
  const char* const argv[] = {launcher.c_str(), kStepNamespaceVerb, bundle.c_str(),
                              keep_ids ? kKeepIds : nullptr, nullptr};
  const pid_t pid = check(::fork(), "fork");
  if (pid == 0) {
    become_user_and_exec(launcher.c_str(), const_cast<char* const*>(argv), ids,
                         sockets.second.get());
  }
  return {pid, std::move(sockets.first), launcher, bundle, ids, keep_ids};
}

StepNamespaceRequest::StepNamespaceRequest(pid_t pid, UniqueFd socket, std::string launcher,
                                           std::string bundle, const UserIds& ids, bool keep_ids)
    : pid_(pid),
      socket_(std::move(socket)),
      launcher_(std::move(launcher)),
      bundle_(std::move(bundle)),
      uid_(ids.uid),
      gid_(ids.gid),
      keep_ids_(keep_ids) {}

StepNamespaceRequest::StepNamespaceRequest(StepNamespaceRequest&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      socket_(std::move(other.socket_)),
      launcher_(std::move(other.launcher_)),
      bundle_(std::move(other.bundle_)),
      uid_(other.uid_),
      gid_(other.gid_),
      keep_ids_(other.keep_ids_) {}

StepNamespaceRequest::~StepNamespaceRequest() {
  end();
}

void StepNamespaceRequest::end() noexcept {
  const pid_t pid = std::exchange(pid_, 0);
  if (pid == 0) return;
  ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
}

StepNamespace StepNamespaceRequest::answer() {
  pollfd ready{socket_.get(), POLLIN, 0};
  int rc = 0;
  do {
    rc = ::poll(&ready, 1, kPatienceMs);
  } while (rc < 0 && errno == EINTR);
  if (rc <= 0) throw Error("bundle '" + bundle_ + "': could not be read within 60 seconds");
  Message answer = receive_message(socket_.get());
  end();
  if (answer.fds.empty()) {
    throw Error(answer.bytes.empty() ? "launcher '" + launcher_ + "' could not be started"
                                     : answer.bytes);
  }
  // The answer is the user's word: `0`, or anything else for the user's own ids.
  const std::string first = answer.bytes.substr(0, answer.bytes.find('\n'));
  const bool root_inside = first == "0" && !keep_ids_;
  return {std::move(answer.fds.front()), root_inside ? 0 : uid_, root_inside ? 0 : gid_,
          options_from_words(answer.bytes.substr(first.size()))};
}

}  // namespace berth::launcher
