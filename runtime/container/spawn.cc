// The container in a child. Its PID namespace begins with a clone: at once, or, where a user
// namespace must first give the right to make or join one, with a second one, whose child becomes
// ours (CLONE_PARENT) in the first one's place.
#include "runtime/container/spawn.h"

#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/step_times.h"
#include "base/trace.h"
#include "runtime/container/gate.h"
#include "runtime/container/hooks.h"
#include "runtime/container/start.h"
#include "runtime/container/sync.h"
#include "runtime/container/wait.h"
#include "runtime/process/cpu_affinity.h"
#include "runtime/process/ignored_signals.h"
#include "runtime/process/namespaces.h"
#include "runtime/process/seccomp_agent.h"
#include "runtime/process/session_keyring.h"
#include "runtime/process/signal_name.h"

namespace berth::runtime {
namespace {

// No handler of ours runs in the child, and no signal meant for both is lost on either.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { restore(); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  void restore() const { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

// clone3 with a pidfd; `child.pid` is 0 in the child.
Child clone_child(uint64_t flags, const UniqueFd& cgroup) {
  int pidfd = -1;
  clone_args args{};
  args.flags = flags | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  // With CLONE_PARENT the signal is that of who clones.
  args.exit_signal = (flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
  if (cgroup) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<uint64_t>(cgroup.get());
  }
  const auto pid = static_cast<pid_t>(check(::syscall(SYS_clone3, &args, sizeof args), "clone3"));
  return {pid, UniqueFd(pid == 0 ? -1 : pidfd)};
}

// A killed launcher leaves no orphan. As late as this because a change of credentials clears it;
// the parent may be gone by then, which getppid cannot tell from inside a PID namespace.
void die_with_parent(const ChildEnd& parent) {
  check(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "set parent death signal");
  if (parent.parent_is_gone()) ::_exit(kExitBerthFailed);
}

// What the parent and its child know of a start.
struct Spawning {
  Start& start;
  CgroupJoin& cgroup;
  const SignalsBlocked& signals;
  const ParentSteps& steps;
  std::optional<KeptAffinity> affinity;  // where the parent moves the child
  std::optional<KeptAffinity> own_cpus;  // where the clone goes into another group
  std::vector<int> ignored = {};
  pid_t launcher = -1;
  bool second_clone = false;
  bool is_users = ::geteuid() != 0;

  // Where nothing else has to be waited for between: the next word to the child is that `beside` is
  // done.
  bool commits_inside() const { return steps.commit_inside && !steps.network && !steps.limit; }
  bool independent() const { return static_cast<bool>(start.entry().state); }
  uint64_t pid_flag() const { return start.makes_pid_namespace() ? CLONE_NEWPID : 0; }
};

void prepare(const Spawning& s) {
  s.start.before_cgroup();
  if (!s.cgroup.empty()) join_self(s.cgroup);
  if (s.start.entry().all_cpus) {
    process::take_all_cpus();
  } else if (s.own_cpus) {
    s.own_cpus->restore();
  }
  s.start.on_host();
  s.start.enter_user_namespace();
}

void begin_own_session(const Spawning& s) {
  if (!s.independent() && !s.start.entry().container) return;
  check(::setsid(), "setsid");
  if (!s.start.entry().new_keyring) return;
  s.start.label_keys(true);
  process::join_session_keyring(s.start.id());
  s.start.label_keys(false);
}

// Nobody may come for long. Of the host this process then holds what the program gets, and the
// sockets. All of it before the parent hears that the container is created.
void stand_at_gate(const Spawning& s, const ChildEnd& parent) {
  s.start.entry().fds.close_others({s.start.entry().gate.get(), parent.fd()});
  // `exec` by a user finds the namespaces through this process, and may not through one that hides.
  // Nobody else is inside yet, and the program's file is not the user's to write.
  if (s.is_users) ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

void wait_at_gate(const Spawning& s, ChildEnd& parent) {
  UniqueFd connection = await_start(s.start.entry().gate);
  if (s.is_users) process::hide_from_peers();
  parent.go_on_with(std::move(connection));
}

void restore_signals(const Spawning& s) {
  if (s.independent() || s.start.entry().container) process::unignore(s.ignored);
  if (const auto& mask = s.start.signal_mask()) {
    ::sigprocmask(SIG_SETMASK, &*mask, nullptr);
  } else {
    s.signals.restore();
  }
}

// Where this process may not, its parent will.
bool commit(const Spawning& s) {
  try {
    s.steps.commit_inside();
    return true;
  } catch (const Error& e) {
    if (tracing()) trace(e.message());
    return false;
  }
}

bool has_hooks_outside(const Spawning& s) {
  const spec::Hooks& hooks = s.start.entry().spec.hooks;
  return s.independent() && !(hooks.prestart.empty() && hooks.create_runtime.empty());
}

[[noreturn]] void become_program(const Spawning& s, ChildEnd& parent) {
  s.start.set_host_pid(parent.wait_for_go());
  if (s.affinity && !s.start.entry().all_cpus) s.affinity->restore();
  begin_own_session(s);
  if (!s.second_clone) {
    prepare(s);
  }
  s.start.take_listen_pid(s.launcher);
  Stops stops;
  if (s.steps.network) {
    stops.namespaces = [&] {
      parent.namespaces();
      (void)parent.wait_for_go();
    };
  }
  if (has_hooks_outside(s)) {
    stops.before_pivot = [&] {
      parent.tree();
      (void)parent.wait_for_go();
    };
  }
  if (s.steps.limit) {
    stops.limits = [&] {
      parent.limits();
      (void)parent.wait_for_go();
    };
  }
  bool committed = false;
  if (s.commits_inside()) {
    stops.inside = [&] {
      (void)parent.wait_for_go();
      committed = commit(s);
    };
  }
  stops.ready = [&] {
    if (!s.independent() && !s.start.entry().detached) die_with_parent(parent);
    if (s.start.entry().gate) stand_at_gate(s, parent);
    if (committed) {
      parent.ready_and_committed();
    } else {
      parent.ready();
      if (s.steps.commit) (void)parent.wait_for_go();
    }
    if (!s.start.entry().gate) restore_signals(s);
  };
  stops.agent = [&] { return parent.ask_for_agent(); };
  if (s.start.entry().gate) {
    // Blocked up to there, a signal that comes before the handlers do is not lost.
    stops.gate = [&] {
      wait_at_gate(s, parent);
      restore_signals(s);
    };
  }
  s.start.inside(stops);
}

// The process between: makes the user namespace, and with its rights the program's process.
void hand_over(const Spawning& s, ChildEnd& parent) {
  prepare(s);
  const Child next = clone_child(s.pid_flag() | CLONE_PARENT, UniqueFd());
  if (next.pid == 0) become_program(s, parent);
  parent.hand_over(next.pid, next.pidfd);
}

[[noreturn]] void live_as_child(const Spawning& s, ChildEnd parent) noexcept {
  int exit_code = 0;
  try {
    guard({}, [&] {  // the parent puts the container's name in front
      s.start.take_stdio();
      if (s.second_clone) {
        hand_over(s, parent);
      } else {
        become_program(s, parent);
      }
    });
  } catch (const EnterFailure& failure) {
    parent.fail(failure);
    exit_code = failure.exit_code();
  }
  ::_exit(exit_code);
}

// It is in already, and needs no write that would wait for the kernel.
Child clone_into(const Spawning& s, uint64_t flags, const UniqueFd& group) {
  Child child = clone_child(flags, group);
  if (child.pid == 0) {
    s.cgroup.v2_procs.reset();
    s.cgroup.v2_other_procs.reset();
  }
  return child;
}

Child clone_first(const Spawning& s) {
  const uint64_t flags = s.second_clone ? 0 : s.pid_flag();
  if (!s.cgroup.v2_dir) return clone_child(flags, UniqueFd());
  try {
    return clone_into(s, flags, s.cgroup.v2_dir);
  } catch (const Error& e) {
    // Before 5.7, or a group that this process itself may not move to but whoever opened it may.
    const bool refused = e.code() == EACCES || e.code() == ENOSYS || e.code() == EINVAL;
    if (refused && s.cgroup.v2_procs) return clone_child(flags, UniqueFd());
    if (!takes_no_process(e.code())) throw;
    if (!s.cgroup.v2_other_dir) throw join_error(e);
    return clone_into(s, flags, s.cgroup.v2_other_dir);
  }
}

[[noreturn]] void explain_death(const Child& child) {
  const siginfo_t info = wait_for_end(child);
  std::string how = info.si_code == CLD_EXITED
                        ? "ended with " + std::to_string(info.si_status)
                        : "was killed by signal " + process::signal_text(info.si_status);
  throw EnterFailure("its first process " + how + " before it could execute the program",
                     kExitBerthFailed);
}

// Hooks of the host's side, once all namespaces are made.
void run_hooks_outside(const Spawning& s, pid_t pid) {
  const Entry& entry = s.start.entry();
  const spec::Hooks& hooks = entry.spec.hooks;
  // The oldest of the hooks: for them the container has always been a created one.
  run_hooks(hooks.prestart, "prestart", entry.state(pid, Status::created));
  run_hooks(hooks.create_runtime, "createRuntime", entry.state(pid, Status::creating));
}

// The steps of the first process, which cannot tell them itself. Debuggers' tools look for these
// words of runc's.
void tell(const char* words, const Child& child, const char* how_far) {
  if (tracing()) trace(std::string(words) + ": process " + std::to_string(child.pid) + how_far);
}

// The parent's side, up to the child's execve, or up to its gate. On a throw the child may still
// live.
void see_through(const Spawning& s, const ParentEnd& socket, Child& child) {
  if (s.second_clone) {
    auto next = socket.await_hand_over();
    if (!next) explain_death(child);
    const Child between = std::exchange(child, {next->pid, std::move(next->pidfd)});
    wait_for_end(between);
  }
  step_done("process cloned");
  tell("nsexec container setup", child, " is cloned");
  if (s.steps.place) s.steps.place(child.pid);
  socket.go(child.pid);
  if (s.steps.beside) s.steps.beside(child.pid);
  if (s.commits_inside()) socket.go(child.pid);
  if (s.steps.network) {
    if (!socket.await_namespaces()) explain_death(child);
    s.steps.network(child.pid);
    socket.go(child.pid);
  }
  if (has_hooks_outside(s)) {
    if (!socket.await_tree()) explain_death(child);
    run_hooks_outside(s, child.pid);
    socket.go(child.pid);
  }
  if (s.steps.limit) {
    if (!socket.await_limits()) explain_death(child);
    s.steps.limit();
    socket.go(child.pid);
  }
  const ParentEnd::Ready ready = socket.await_ready();
  if (ready == ParentEnd::Ready::no) explain_death(child);
  tell("child process in init()", child, " has its namespaces and its file system");
  if (s.start.entry().gate) {
    tell("init: closing the pipe to signal completion", child, " waits for start");
    return;
  }
  if (ready == ParentEnd::Ready::committed) {
    s.steps.committed();
  } else if (s.steps.commit) {
    s.steps.commit();
    socket.go(child.pid);
  }
  const auto connect_agent = [&] {
    return process::connect_agent(s.start.entry().spec.linux_.seccomp->listener_path);
  };
  if (s.start.entry().container) tell("setns_init: about to exec", child, " executes the program");
  if (!socket.await_execve(connect_agent)) explain_death(child);
}

}  // namespace

void end(const Child& child) noexcept {
  send_signal(child, SIGKILL);
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(child.pidfd.get()), &info, WEXITED) != 0 &&
         errno == EINTR) {
  }
}

Child spawn(Entry entry, CgroupJoin cgroup, const ParentSteps& steps) {
  Child child;
  guard(step_of(entry), [&] {
    Start start(std::move(entry));
    step_done("start planned, filter compiled");
    SocketPair pair = socket_pair();
    const SignalsBlocked signals;
    std::optional<process::ChildrenElsewhere> elsewhere;
    elsewhere.emplace(start.namespaces(),
                      start.joins_pid_namespace() && !start.has_user_namespace());
    const Spawning spawning{
        .start = start,
        .cgroup = cgroup,
        .signals = signals,
        .steps = steps,
        .affinity = steps.moves ? std::optional(KeptAffinity()) : std::nullopt,
        .own_cpus = cgroup.v2_dir ? std::optional(KeptAffinity()) : std::nullopt,
        .ignored = process::ignored_signals(),
        .launcher = ::getpid(),
        .second_clone = (start.joins_pid_namespace() && !elsewhere->joined()) ||
                        (start.makes_pid_namespace() && start.has_user_namespace())};
    child = clone_first(spawning);
    if (child.pid == 0) {
      pair.first.reset();
      elsewhere->forget();
      live_as_child(spawning, ChildEnd(std::move(pair.second)));
    }
    elsewhere.reset();
    pair.second.reset();
    try {
      see_through(spawning, ParentEnd(std::move(pair.first)), child);
    } catch (...) {
      end(child);
      throw;
    }
  });
  return child;
}

void enter_or_stay(Entry entry) {
  if (asks_for_pid_namespace(entry.spec)) {
    const SignalQueue signals;
    if (!entry.signal_mask) entry.signal_mask = signals.mask_before();
    const Child child = spawn(std::move(entry), {});
    ::_exit(forward_and_wait(child, signals));
  } else {
    enter(std::move(entry));
  }
}

}  // namespace berth::runtime
