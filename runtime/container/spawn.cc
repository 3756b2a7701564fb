// The parent's side of a start in a child.
#include "runtime/container/spawn.h"

#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/step_times.h"
#include "base/trace.h"
#include "runtime/container/hooks.h"
#include "runtime/container/spawning.h"
#include "runtime/container/wait.h"
#include "runtime/process/ignored_signals.h"
#include "runtime/process/namespaces.h"
#include "runtime/process/seccomp_agent.h"
#include "runtime/process/signal_name.h"

namespace berth::runtime {

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
  const bool user = (flags & CLONE_NEWUSER) != 0;
  const auto pid = static_cast<pid_t>(check(::syscall(SYS_clone3, &args, sizeof args),
                                            user ? "clone into a new user namespace" : "clone3"));
  return {pid, UniqueFd(pid == 0 ? -1 : pidfd)};
}

bool Spawning::has_hooks_outside() const {
  const spec::Hooks& hooks = start.entry().spec.hooks;
  return independent() && !(hooks.prestart.empty() && hooks.create_runtime.empty());
}

namespace {

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
  const uint64_t flags = s.first_flags();
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

// An error that is nobody's but its maker's.
struct AsItIs {
  std::exception_ptr error;
};

void confine(const Spawning& s, const ParentEnd& socket) {
  try {
    socket.confine(s.steps.confine());
  } catch (...) {
    throw AsItIs{std::current_exception()};
  }
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
  if (s.steps.confine) confine(s, socket);
  if (s.steps.beside) s.steps.beside(child.pid);
  if (s.commits_inside()) socket.go(child.pid);
  if (s.steps.network) {
    if (!socket.await_namespaces()) explain_death(child);
    s.steps.network(child.pid);
    socket.go(child.pid);
  }
  if (s.has_hooks_outside()) {
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

namespace {

// As the process between does it (spawned.cc), for who has nothing to lose by it.
void prepare_for_clone(Start& start) {
  start.before_cgroup();
  start.on_host();
  start.enter_user_namespace();
}

}  // namespace

Child spawn(Entry entry, CgroupJoin cgroup, const ParentSteps& steps) try {
  Child child;
  guard(step_of(entry), [&] {
    Start start(std::move(entry));
    step_done("start planned, filter compiled");
    SocketPair pair = socket_pair();
    const SignalsBlocked signals;
    std::optional<process::ChildrenElsewhere> elsewhere;
    elsewhere.emplace(start.namespaces(),
                      start.joins_pid_namespace() && !start.has_user_namespace());
    const bool enters_pid = start.joins_pid_namespace() && !elsewhere->joined();
    const bool user_in_clone = !enters_pid && start.can_clone_user_namespace();
    const bool is_prepared = steps.only_waits && cgroup.empty() && !enters_pid &&
                             start.makes_pid_namespace() && start.entry().user_namespace;
    if (is_prepared) prepare_for_clone(start);
    const Spawning spawning{
        .start = start,
        .cgroup = cgroup,
        .signals = signals,
        .steps = steps,
        .affinity = steps.moves ? std::optional(KeptAffinity()) : std::nullopt,
        .own_cpus =
            cgroup.v2_dir && !start.entry().all_cpus ? std::optional(KeptAffinity()) : std::nullopt,
        .ignored = process::ignored_signals(),
        .launcher = ::getpid(),
        .user_in_clone = user_in_clone,
        .second_clone = enters_pid || (start.makes_pid_namespace() && start.has_user_namespace() &&
                                       !user_in_clone && !is_prepared),
        .is_prepared = is_prepared};
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
} catch (const AsItIs& refused) {
  std::rethrow_exception(refused.error);
}

void enter_or_stay(Entry entry) {
  if (asks_for_pid_namespace(entry.spec)) {
    const SignalQueue signals;
    if (!entry.signal_mask) entry.signal_mask = signals.mask_before();
    const Child child = spawn(std::move(entry), {}, {.only_waits = true});
    ::_exit(forward_and_wait(child, signals));
  } else {
    enter(std::move(entry));
  }
}

}  // namespace berth::runtime
