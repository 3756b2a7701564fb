// The child's side of a start. Its PID namespace begins with a clone: at once, or, where a user
// namespace that no clone makes must first give the right to make or join one, with a second one,
// whose child becomes ours (CLONE_PARENT) in the first one's place.
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/step_times.h"
#include "base/trace.h"
#include "runtime/container/gate.h"
#include "runtime/container/spawning.h"
#include "runtime/process/cpu_affinity.h"
#include "runtime/process/ignored_signals.h"
#include "runtime/process/namespaces.h"
#include "runtime/process/session_keyring.h"

namespace berth::runtime {
namespace {

// A killed launcher leaves no orphan. As late as this because a change of credentials clears it;
// the parent may be gone by then, which getppid cannot tell from inside a PID namespace.
void die_with_parent(const ChildEnd& parent) {
  check(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "set parent death signal");
  if (parent.parent_is_gone()) ::_exit(kExitBerthFailed);
}

void take_cpus(const Spawning& s) {
  if (s.start.entry().all_cpus) {
    process::take_all_cpus();
  } else if (s.own_cpus) {
    s.own_cpus->restore();
  }
  step_done("cgroup joined");
}

void join(const Spawning& s, const CgroupJoin& groups) {
  if (s.start.entry().all_cpus) {
    join_self_on_any_cpu(groups);
  } else {
    join_self(groups);
  }
}

void prepare(const Spawning& s) {
  s.start.before_cgroup();
  if (!s.cgroup.empty()) join(s, s.cgroup);
  if (!s.steps.confine) take_cpus(s);
  s.start.on_host();
  s.start.enter_user_namespace();
}

// What the parent makes meanwhile: heard of once, and taken later.
class ConfinementToCome {
 public:
  ConfinementToCome(const Spawning& s, const ChildEnd& parent) : s_(s), parent_(parent) {}
  void wait() {
    if (!made_) made_ = parent_.wait_for_confinement();
  }
  void take() {
    wait();
    CgroupJoin groups;
    groups.v1_tasks = std::move(made_->v1_tasks);
    groups.v2_procs = std::move(made_->v2_procs);
    join(s_, groups);
    take_cpus(s_);
    s_.start.take_limits(std::move(made_->limits));
  }

 private:
  const Spawning& s_;
  const ChildEnd& parent_;
  std::optional<Confinement> made_;
};

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

[[noreturn]] void become_program(const Spawning& s, ChildEnd& parent) {
  s.start.set_host_pid(parent.wait_for_go());
  if (s.user_in_clone) s.start.map_own_ids();
  if (s.affinity && !s.start.entry().all_cpus) s.affinity->restore();
  begin_own_session(s);
  if (!s.second_clone && !s.is_prepared) prepare(s);
  s.start.take_listen_pid(s.launcher);
  Stops stops;
  ConfinementToCome confinement(s, parent);
  const bool confined_last = s.confined_last();
  if (confined_last) {
    stops.own_groups = [&] { confinement.wait(); };
  } else if (s.steps.confine) {
    stops.confine = [&] { confinement.take(); };
  }
  if (s.steps.network) {
    stops.namespaces = [&] {
      parent.namespaces();
      (void)parent.wait_for_go();
    };
  }
  if (s.has_hooks_outside()) {
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
  stops.inside = [&] {
    if (confined_last) confinement.take();
    if (!s.commits_inside()) return;
    (void)parent.wait_for_go();
    committed = commit(s);
  };
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

}  // namespace

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

}  // namespace berth::runtime
