// The root side of step_namespace.h. It runs inside slurmstepd, which has threads: between fork and
// execve only system calls are made.
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "launcher/step_namespace.h"

namespace berth::launcher {
namespace {

// The bundle may lie on a slow file system; a job that waits longer than this would look hung.
constexpr int kPatienceMs = 60'000;

[[noreturn]] void become_user_and_exec(const char* program, char* const* argv, const UserIds& ids,
                                       int socket) {
  // slurmstepd calls user_init with the effective id lowered: back to root first, then down for
  // good.
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

// Waits for the child's end; kills it first where it is not done.
void end_child(pid_t pid) {
  ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

StepNamespace request_step_namespace(const std::string& launcher, const std::string& bundle,
                                     const UserIds& ids, bool keep_ids) {
  SocketPair sockets = socket_pair();
  const char* const argv[] = {launcher.c_str(), kStepNamespaceVerb, bundle.c_str(),
                              keep_ids ? kKeepIds : nullptr, nullptr};
  const pid_t pid = check(::fork(), "fork");
  if (pid == 0) {
    become_user_and_exec(launcher.c_str(), const_cast<char* const*>(argv), ids,
                         sockets.second.get());
  }
  sockets.second.reset();
  pollfd ready{sockets.first.get(), POLLIN, 0};
  int rc = 0;
  do {
    rc = ::poll(&ready, 1, kPatienceMs);
  } while (rc < 0 && errno == EINTR);
  if (rc <= 0) {
    end_child(pid);
    throw Error("bundle '" + bundle + "': could not be read within 60 seconds");
  }
  Message answer;
  try {
    answer = receive_message(sockets.first.get());
  } catch (...) {
    end_child(pid);
    throw;
  }
  end_child(pid);
  if (answer.fds.empty()) {
    throw Error(answer.bytes.empty() ? "launcher '" + launcher + "' could not be started"
                                     : answer.bytes);
  }
  // The answer is the user's word: `0`, or anything else for the user's own ids.
  const bool root_inside = answer.bytes == "0" && !keep_ids;
  return {std::move(answer.fds.front()), root_inside ? 0 : ids.uid, root_inside ? 0 : ids.gid};
}

}  // namespace berth::launcher
