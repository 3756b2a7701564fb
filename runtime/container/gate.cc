#include "runtime/container/gate.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/error.h"
#include "runtime/container/sync.h"

namespace berth::runtime {
namespace {

constexpr const char* kName = "start";

// A socket's name has 107 bytes, a folder's path may have more: the way is by its descriptor.
sockaddr_un address_in(int folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(folder) + "/" + kName;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

UniqueFd new_socket() {
  return UniqueFd(check(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), "socket"));
}

}  // namespace

UniqueFd open_gate(int folder) {
  UniqueFd socket = new_socket();
  const sockaddr_un address = address_in(folder);
  check(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
        "make socket", kName);
  check(::listen(socket.get(), 1), "listen on socket", kName);
  return socket;
}

void pass_gate(int folder) {
  UniqueFd socket = new_socket();
  const sockaddr_un address = address_in(folder);
  check(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
        "connect to socket", kName);
  (void)ParentEnd(std::move(socket)).await_execve();
}

void remove_gate(int folder) {
  if (::unlinkat(folder, kName, 0) < 0 && errno != ENOENT) throw Error("remove", kName, errno);
}

}  // namespace berth::runtime
