#include "runtime/container/gate.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
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

// The kernel keeps from process 1 every signal that it has no handler for.
class Endable {
 public:
  Endable() {
    struct sigaction end {};
    end.sa_handler = [](int signal) { ::_exit(128 + signal); };
    sigset_t set;
    ::sigemptyset(&set);
    for (size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], &end, &before_[i]);
      ::sigaddset(&set, kSignals[i]);
    }
    ::sigprocmask(SIG_UNBLOCK, &set, &mask_);
  }
  ~Endable() {
    for (size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before_[i], nullptr);
    ::sigprocmask(SIG_SETMASK, &mask_, nullptr);
  }
  Endable(const Endable&) = delete;
  Endable& operator=(const Endable&) = delete;

 private:
  static constexpr std::array kSignals{SIGTERM, SIGINT, SIGHUP, SIGQUIT};
  std::array<struct sigaction, kSignals.size()> before_{};
  sigset_t mask_{};
};

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

UniqueFd await_start(const UniqueFd& gate) {
  const Endable while_it_waits;
  int connection = -1;
  do {
    connection = ::accept4(gate.get(), nullptr, nullptr, SOCK_CLOEXEC);
  } while (connection < 0 && errno == EINTR);
  return UniqueFd(check(connection, "wait for start"));
}

void pass_gate(int folder, const std::function<UniqueFd()>& connect_agent) {
  UniqueFd socket = new_socket();
  const sockaddr_un address = address_in(folder);
  check(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
        "connect to socket", kName);
  const ParentEnd child(std::move(socket));
  (void)child.await_execve(connect_agent);
}

void remove_gate(int folder) {
  if (::unlinkat(folder, kName, 0) < 0 && errno != ENOENT) throw Error("remove", kName, errno);
}

}  // namespace berth::runtime
