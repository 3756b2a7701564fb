#include "runtime/rootfs/id_namespace.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "runtime/process/id_map.h"
#include "runtime/process/user_namespace.h"

namespace berth::runtime::rootfs {
namespace {

// A child makes it, hands it over and ends.
void make_in_child(int socket, const process::IdMaps& maps) {
  try {
    process::make_user_namespace_here(maps);
    const UniqueFd made = open_file(AT_FDCWD, "/proc/self/ns/user", O_RDONLY);
    const int fds[] = {made.get()};
    send_message(socket, "ok", fds);
  } catch (const Error& e) {
    send_message(socket, e.message());
  }
}

class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() {
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

 private:
  pid_t pid_;
};

UniqueFd make_user_namespace(const MountIdMap& map) {
  SocketPair pair = socket_pair();
  const pid_t pid = check(::fork(), "fork the maker of a user namespace");
  if (pid == 0) {
    pair.first.reset();
    try {
      make_in_child(pair.second.get(), {.uids = map.uids, .gids = map.gids});
    } catch (...) {
      ::_exit(1);  // the other end sees the socket close
    }
    ::_exit(0);
  }
  const Child child(pid);
  pair.second.reset();
  Message message = receive_message(pair.first.get());
  if (message.bytes.empty()) throw Error("make user namespace: the process that makes it died");
  if (message.bytes != "ok" || message.fds.size() != 1) throw Error(message.bytes);
  return std::move(message.fds[0]);
}

bool same(const MountIdMap& a, const MountIdMap& b) {
  return a.uids == b.uids && a.gids == b.gids && a.user_namespace == b.user_namespace;
}

}  // namespace

std::shared_ptr<const UniqueFd> IdNamespaces::get(const MountIdMap& map) {
  for (const Made& made : made_) {
    if (same(made.map, map)) return made.fd;
  }
  auto fd = std::make_shared<const UniqueFd>(
      map.user_namespace.empty() ? make_user_namespace(map)
                                 : open_file(AT_FDCWD, map.user_namespace, O_RDONLY));
  made_.push_back({map, fd});
  return fd;
}

}  // namespace berth::runtime::rootfs
