// The listener is born with the filter, and a filter may well forbid sendmsg, or hand it on to the
// agent that knows nothing yet. So a process beside this one, made before the filter is in force,
// shares this one's descriptors and sends the listener.
#include "runtime/process/seccomp_agent.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "base/error.h"
#include "runtime/process/unix_socket.h"

namespace berth::runtime::process {
namespace {

constexpr const char* kConnect = "linux.seccomp.listenerPath: failed to connect with seccomp agent";

// The descriptors are sent with the first piece alone, as the specification has it.
void send(int agent, std::string_view state, int listener) {
  send_message(agent, state.substr(0, kMaxMessage), {&listener, 1});
  for (size_t at = kMaxMessage; at < state.size(); at += kMaxMessage) {
    send_message(agent, state.substr(at, kMaxMessage));
  }
}

// The process beside: hears the listener's number, answers with an errno, or 0. What it closes is
// closed for both.
[[noreturn]] void serve(int socket, int agent, std::string_view state, pid_t master) {
  int listener = -1;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != master) ::_exit(1);
  if (::read(socket, &listener, sizeof listener) != sizeof listener) ::_exit(1);
  int answer = 0;
  try {
    send(agent, state, listener);
  } catch (const Error& e) {
    answer = e.code() == 0 ? EIO : e.code();
  }
  ::close(agent);
  ::close(listener);
  ::_exit(::write(socket, &answer, sizeof answer) == sizeof answer ? 0 : 1);
}

// The kernel buries children then; execve clears the flag, so that nothing is left to undo under
// the filter.
void leave_children_to_kernel() {
  struct sigaction action {};
  check(::sigaction(SIGCHLD, nullptr, &action), "sigaction");
  if (action.sa_handler == SIG_IGN) return;  // as if it had the flag, and execve keeps it
  action.sa_handler = SIG_DFL;
  action.sa_flags = SA_NOCLDWAIT;
  check(::sigaction(SIGCHLD, &action, nullptr), "sigaction");
}

pid_t clone_sharing_descriptors() {
  clone_args args{};
  args.flags = CLONE_FILES;
  args.exit_signal = SIGCHLD;
  return static_cast<pid_t>(
      check(::syscall(SYS_clone3, &args, sizeof args), "clone3", "for the seccomp listener"));
}

}  // namespace

void require_agent(const std::string& listener_path) {
  if (listener_path.starts_with('@')) return;
  struct stat st {};
  check(::stat(listener_path.c_str(), &st), kConnect, listener_path);
  if (!S_ISSOCK(st.st_mode)) throw Error(kConnect, listener_path, ENOTSOCK);
}

UniqueFd connect_agent(const std::string& listener_path) {
  return connect_stream(kConnect, listener_path);
}

void load_for_agent(const SeccompFilter& filter, UniqueFd agent, const std::string& process_state,
                    bool forks_later) {
  SocketPair pair = socket_pair();
  if (!forks_later) leave_children_to_kernel();
  const pid_t self = ::getpid();
  const pid_t beside = clone_sharing_descriptors();
  if (beside == 0) serve(pair.second.get(), agent.get(), process_state, self);
  // Under the filter nothing is closed here: execve does it.
  const int socket = pair.first.release();
  (void)pair.second.release();
  (void)agent.release();
  const int listener = filter.load_with_listener().release();
  check(::write(socket, &listener, sizeof listener), "hand seccomp listener on");
  int answer = 0;
  const ssize_t n = check(::read(socket, &answer, sizeof answer), "hand seccomp listener on");
  if (n != sizeof answer) answer = EIO;
  if (forks_later) ::waitpid(beside, nullptr, 0);
  if (answer != 0) throw Error("linux.seccomp.listenerPath: send listener to agent", {}, answer);
}

}  // namespace berth::runtime::process
