#include "runtime/process/loopback.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "base/error.h"
#include "base/fd.h"

namespace berth::runtime::process {

void raise_loopback() {
  const UniqueFd socket(
      check(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket for interface", "lo"));
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP;  // of those that can be set, a new one has none
  check(::ioctl(socket.get(), SIOCSIFFLAGS, &request), "raise interface", "lo");
}

}  // namespace berth::runtime::process
