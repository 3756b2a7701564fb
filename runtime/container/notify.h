// The way of a container's sd_notify(3) messages to who started berth: where this process'
// environment has a NOTIFY_SOCKET, the container gets a socket of its own, and what comes there is
// passed on. As runc does it: /run/notify/notify.sock, bound from the container's folder.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/fd.h"
#include "runtime/container/spawn.h"
#include "runtime/spec/spec.h"

namespace berth::runtime {

// Whether this process has a NOTIFY_SOCKET.
bool is_notified();

// Makes the socket's place in the container's folder, and shows it to the program. Nothing happens
// where this process has no NOTIFY_SOCKET.
void offer_notify_socket(int folder, spec::Spec& spec);

class NotifySocket {
 public:
  // Listens, where this process has a NOTIFY_SOCKET and the container was offered one. Nothing
  // where nobody hears at the other end: a message is no reason not to run.
  static std::optional<NotifySocket> open(int folder);

  int fd() const { return own_.get(); }  // readable: there is something to pass on
  // Passes on what has come, less what speaks of processes and descriptors: those are not ours to
  // give. Returns whether READY=1 was among it.
  bool pass_on() const;
  // Until the program says READY=1, or ends. Then the other end is told that the program is the
  // process to watch, and this returns when it has taken note (at most 30 s).
  void pass_on_until_ready(const RunningContainer& container) const;

 private:
  NotifySocket(UniqueFd own, UniqueFd host) : own_(std::move(own)), host_(std::move(host)) {}
  void tell(const std::string& message) const;
  void await_attention() const;
  UniqueFd own_, host_;
};

}  // namespace berth::runtime
