#include "runtime/process/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "base/error.h"

namespace berth::runtime::process {

UniqueFd connect_stream(std::string_view operation, const std::string& path) {
  UniqueFd fd(check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  UniqueFd place;
  std::string name = path;
  if (path.starts_with('@')) {
    name[0] = '\0';
    if (name.size() > sizeof address.sun_path) throw Error(operation, path, ENAMETOOLONG);
  } else {
    place.reset(check(::open(path.c_str(), O_PATH | O_CLOEXEC), operation, path));
    name = "/proc/self/fd/" + std::to_string(place.get()) + '\0';
  }
  std::ranges::copy(name, address.sun_path);
  const size_t size = offsetof(sockaddr_un, sun_path) + name.size();
  check(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                  static_cast<socklen_t>(size)),
        operation, path);
  return fd;
}

}  // namespace berth::runtime::process
