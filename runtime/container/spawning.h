// A start in a child while it lasts: what spawn.cc, the parent's side, and spawned.cc, the child's,
// know of it alike. Private to this folder.
#pragma once

#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/fd.h"
#include "runtime/cgroup/join.h"
#include "runtime/container/spawn.h"
#include "runtime/container/start.h"
#include "runtime/container/sync.h"

namespace berth::runtime {

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
  bool user_in_clone = false;  // the first clone makes the user namespace, too
  bool second_clone = false;
  bool is_prepared = false;  // the parent was, before the clone
  bool is_users = ::geteuid() != 0;

  // Where nothing else has to be waited for between: the next word to the child is that `beside` is
  // done.
  bool commits_inside() const { return steps.commit_inside && !steps.network && !steps.limit; }
  bool has_hooks_outside() const;
  // In its groups only when its tree is made: where nobody outside looks at it before, whose word
  // it would wait for.
  bool confined_last() const {
    return steps.confine && start.entry().own_groups && !steps.network && !has_hooks_outside();
  }
  bool independent() const { return static_cast<bool>(start.entry().state); }
  uint64_t pid_flag() const { return start.makes_pid_namespace() ? CLONE_NEWPID : 0; }
  uint64_t first_flags() const {
    return (user_in_clone ? CLONE_NEWUSER : 0) | (second_clone ? 0 : pid_flag());
  }
};

// clone3 with a pidfd; `pid` is 0 in the child.
Child clone_child(uint64_t flags, const UniqueFd& cgroup);

// What a cloned child does: becomes the program, or tells the parent what failed.
[[noreturn]] void live_as_child(const Spawning& s, ChildEnd parent) noexcept;

}  // namespace berth::runtime
