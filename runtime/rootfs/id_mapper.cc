#include "runtime/rootfs/id_mapper.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "runtime/rootfs/tree.h"

namespace berth::runtime::rootfs {
namespace {

constexpr char kOk = '+';  // a tree comes with it; everything else is an error

// The message is two flags and the tree's name; the descriptors are source, mount namespace, user
// namespace.
UniqueFd answer(const Message& message) {
  if (message.fds.size() != 3 || message.bytes.size() < 2) throw Error("a broken request");
  const std::string name = message.bytes.substr(2);
  check(::setns(message.fds[1].get(), CLONE_NEWNS), "join mount namespace");
  UniqueFd tree = clone_tree_of(message.fds[0].get(), name, message.bytes[0] == '1');
  set_propagation(tree.get(), {.type = MS_SLAVE, .recursive = true}, name);
  map_ids(tree.get(), message.fds[2].get(), message.bytes[1] == '1', name);
  return tree;
}

void serve(int socket) {
  for (;;) {
    const Message message = receive_message(socket);
    if (message.bytes.empty()) return;
    try {
      const UniqueFd tree = answer(message);
      const int fds[] = {tree.get()};
      send_message(socket, std::string(1, kOk), fds);
    } catch (const Error& e) {
      send_message(socket, e.message());
    }
  }
}

// Of what the parent holds it keeps nothing open.
[[noreturn]] void live(int socket) noexcept {
  try {
    check(::dup2(socket, 0), "dup2");
    check(::syscall(SYS_close_range, 1U, ~0U, 0U), "close_range");
    serve(0);
  } catch (...) {
    ::_exit(1);  // the other end sees the socket close
  }
  ::_exit(0);
}

}  // namespace

IdMapper::IdMapper() {
  SocketPair pair = socket_pair();
  const pid_t child = check(::fork(), "fork the mapper of ids");
  if (child == 0) {
    // Not the caller's child: the caller becomes a container, which waits for its own alone.
    if (::fork() == 0) {
      pair.first.reset();
      live(pair.second.get());
    }
    ::_exit(0);
  }
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  socket_ = std::move(pair.first);
}

UniqueFd IdMapper::copy(const Request& request, const std::string& name) const {
  const UniqueFd mounts = open_file(AT_FDCWD, "/proc/self/ns/mnt", O_RDONLY);
  const int fds[] = {request.source, mounts.get(), request.user_namespace};
  send_message(socket_.get(),
               std::string(request.recursive ? "1" : "0") + (request.map_below ? "1" : "0") + name,
               fds);
  Message message = receive_message(socket_.get());
  if (message.bytes.empty()) throw Error("map the ids of '" + name + "': the mapper died");
  if (message.bytes != std::string(1, kOk) || message.fds.size() != 1) throw Error(message.bytes);
  return std::move(message.fds[0]);
}

}  // namespace berth::runtime::rootfs
