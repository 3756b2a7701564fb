// What a starting child and its waiting parent say to each other: one SEQPACKET socket, the child's
// end closes at execve. Private to this folder.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "runtime/container/enter.h"
#include "runtime/container/spawn.h"

namespace berth::runtime {

class ChildEnd {
 public:
  explicit ChildEnd(UniqueFd socket) : socket_(std::move(socket)) {}
  // Until the parent says so; where the parent is gone this process ends. Returns the pid that this
  // process has for the parent.
  pid_t wait_for_go() const;
  // What the parent has made meanwhile; where it is gone this process ends.
  Confinement wait_for_confinement() const;
  // The namespaces are made: as tree.
  void namespaces() const;
  // The tree is made: the parent has something to do, then says go.
  void tree() const;
  // All is done but the last limits: the parent sets them, then says go.
  void limits() const;
  // The process that goes on in our place, as this process' PID namespace counts.
  void hand_over(pid_t pid, const UniqueFd& pidfd) const;
  void ready() const;
  // The same, and it does not wait: it has committed by itself.
  void ready_and_committed() const;
  // A connection to the seccomp agent: who waits for our execve makes it. Where that one is gone or
  // cannot, this process ends.
  UniqueFd ask_for_agent() const;
  // By write(2) alone: a seccomp filter may be in force.
  void fail(const EnterFailure& failure) const noexcept;
  bool parent_is_gone() const;
  int fd() const { return socket_.get(); }
  // From now on this one hears of failures: the parent that made us is done.
  void go_on_with(UniqueFd socket) { socket_ = std::move(socket); }

 private:
  UniqueFd socket_;
};

struct HandedOver {
  pid_t pid = -1;
  UniqueFd pidfd;
};

class ParentEnd {
 public:
  explicit ParentEnd(UniqueFd socket) : socket_(std::move(socket)) {}
  void go(pid_t pid) const;
  void confine(const Confinement& made) const;
  // Throws the child's EnterFailure; false where it died before.
  bool await_namespaces() const;
  bool await_tree() const;
  bool await_limits() const;
  enum class Ready { no, waits, committed };
  Ready await_ready() const;
  // Throws the child's EnterFailure. Nothing where it died without a word.
  std::optional<HandedOver> await_hand_over() const;
  // After await_ready, until execve. Throws the child's EnterFailure. `connect_agent` is called
  // where the child asks for one.
  bool await_execve(const std::function<UniqueFd()>& connect_agent) const;

 private:
  void send(std::string_view bytes, std::span<const int> fds = {}) const;
  UniqueFd socket_;
};

}  // namespace berth::runtime
