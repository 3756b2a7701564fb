// From a process on the host to the program in its container. Order matters; enter.cc is the page
// to read.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <array>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "runtime/cgroup/late_limits.h"
#include "runtime/process/descriptors.h"
#include "runtime/rootfs/host_bind.h"
#include "runtime/rootfs/own_groups.h"
#include "runtime/spec/spec.h"
#include "runtime/state/state.h"

namespace berth::runtime {

struct RunningContainer {
  pid_t pid = -1;  // of its first process
  UniqueFd pidfd;
  std::string state = {};  // as state_json gives it, for a seccomp agent where there is one
};

struct Entry {
  spec::Spec spec;  // final: args, env and cwd are what runs
  UniqueFd bundle;  // the bundle's directory; spec.root->path is relative to it
  // Joined instead of making the bundle's own: all tasks of a job step on a node share one.
  std::optional<UniqueFd> user_namespace;
  std::vector<HostBind> binds;  // mounted after the bundle's own mounts
  LateLimits limits;
  bool own_cgroup = false;  // the cgroup that it will be in is the container's alone
  // With that, where it joins it when its tree is made.
  std::optional<OwnGroups> own_groups = {};
  FdPolicy fds;
  std::string id;  // container id, for messages
  // Working directory that is tried first; where it does not exist inside, spec.process->cwd is
  // taken.
  std::string preferred_cwd;
  bool require_preferred_cwd = false;  // then its absence is an error
  // For spawn: what becomes the child's 0, 1 and 2 (-1: what this process has), and the program's
  // signal mask (absent: this process's).
  std::array<int, 3> stdio{-1, -1, -1};
  std::optional<sigset_t> signal_mask;
  // Where process.terminal asks for a terminal: the socket that its master is sent to. Without one
  // the program has the stdio that this process has.
  UniqueFd console;
  // Its other end is this process', which shows it on a terminal of its own or writes it to a file:
  // that one ends lines as it does, so the container's leaves them as they are.
  bool relayed = false;
  // For spawn. Set: a container with a life of its own, which outlasts the process that makes it,
  // in a session of its own; the configuration's hooks are run, with this on their standard input.
  // Given the first process' pid as the maker counts.
  std::function<std::string(pid_t, Status)> state;
  // For spawn, with `state`: a listening socket on which the process waits, ready in all but the
  // last step, until somebody connects; that connection hears how execve went (gate.h).
  UniqueFd gate;
  bool new_keyring = false;  // a session keyring of its own (keyrings(7)), named after the id
  // For spawn. Set: the program joins this container, which runs, in place of being the first of
  // one; of the spec the parts that make a container (mounts, host name, hooks) are passed over.
  std::optional<RunningContainer> container;
  // For spawn: the program has all CPUs of its cpuset, not those that this process has.
  bool all_cpus = false;
  bool detached = false;  // for spawn: the program outlives this process
};

// The last of a start's steps that this program does (base/step_times.h): execve is next.
inline constexpr const char* kLastStep = "program executed next";

// Exit codes of a start that failed (docker's and podman's): what enter's errors become.
inline constexpr int kExitHookFailed = 124;  // of the container's: nothing of it is to stay
inline constexpr int kExitBerthFailed = 125;
inline constexpr int kExitNotExecutable = 126;
inline constexpr int kExitNotFound = 127;

// enter's errors, with the exit code that tells them apart: 127 where the program is not in the
// container, 126 where it cannot be executed, 124 where a hook failed, else 125.
class EnterFailure : public std::exception {
 public:
  EnterFailure(std::string message, int exit_code, bool set_up = false)
      : message_(std::move(message)), exit_code_(exit_code), set_up_(set_up) {}
  const char* what() const noexcept override { return message_.c_str(); }
  int exit_code() const noexcept { return exit_code_; }
  // Whether the process had all that it was to have, and only execve was left.
  bool set_up() const noexcept { return set_up_; }

 private:
  std::string message_;
  int exit_code_;
  bool set_up_;
};

// Enters the container and executes the program in this process: same pid. The spec must not ask
// for a new PID namespace (see spawn.h). Throws EnterFailure; the process is then half inside:
// print, _exit.
[[noreturn]] void enter(Entry entry);

}  // namespace berth::runtime
