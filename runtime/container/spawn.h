// A container as a child of this process: for specs with a PID namespace of their own, and for
// launchers that wait for what they start. The parent stays small and single-threaded.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "runtime/cgroup/join.h"
#include "runtime/container/enter.h"
#include "runtime/container/signal_queue.h"

namespace berth::runtime {

class NotifySocket;

// A started child. It has executed the program: spawn returns only then, or throws.
struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;
};

// What holds a child, beyond the group that it is cloned into.
struct Confinement {
  std::vector<UniqueFd> v1_tasks;  // as CgroupJoin's
  UniqueFd v2_procs;               // where it is not cloned into v2's group: OwnGroups::v2_too
  LateLimits limits;               // as Entry's
};

// What the parent does while the child waits; each may be empty.
struct ParentSteps {
  // Before the child, whose pid it gets, does anything.
  std::function<void(pid_t)> place = {};
  // What need not be done before the child, whose pid it gets, goes on: while it does.
  std::function<void(pid_t)> beside = {};
  // Made while the child makes its namespaces, which waits for it then; with Entry::own_groups,
  // where nothing else is done in between, while it makes its tree too. Of an entry without a user
  // namespace. What it throws is spawn's as it is.
  std::function<Confinement()> confine = {};
  // Its namespaces are made: before its sysctls, which may be an interface's, and before hooks.
  std::function<void(pid_t)> network = {};
  bool moves = false;  // to another cgroup: the child keeps its CPUs
  // This process does nothing afterwards but wait: it may itself join the user namespace that the
  // PID namespace begins in, which is a clone less.
  bool only_waits = false;
  // All is done but the last limits: in place of Entry::limits, for an entry with a gate.
  std::function<void()> limit = {};
  // Nothing is left but to execute the program: before it does. Of an entry without a gate.
  std::function<void()> commit = {};
  // The same in the child, which need not wait then, once `beside` is done and it is inside, with
  // its rights still; the parent is told by `committed`. Where it throws, `commit` is called.
  std::function<void()> commit_inside = {};
  std::function<void()> committed = {};
};

// Starts the container in a child, with a new PID namespace if the spec asks for one. Throws
// EnterFailure with the child's own message where it did not get as far as execve; nothing of it is
// left then.
Child spawn(Entry entry, CgroupJoin cgroup, const ParentSteps& steps = {});

// Kills it and waits for its end.
void end(const Child& child) noexcept;

// Forwards signals that this process gets (all but those that cannot or must not be: KILL, STOP,
// CHLD) and waits: those of a queue that was there before the child, or from now on. Returns the
// exit status as a shell would: the program's, or 128 + signal.
// What comes at `notify` is passed on meanwhile.
int forward_and_wait(const Child& child, const SignalQueue& signals,
                     const NotifySocket* notify = nullptr);
int forward_and_wait(const Child& child);

// For a task that must keep its pid visible to its parent: enters in place, or, where the spec asks
// for a new PID namespace, stays as the parent and exits as the program did.
[[noreturn]] void enter_or_stay(Entry entry);

}  // namespace berth::runtime
