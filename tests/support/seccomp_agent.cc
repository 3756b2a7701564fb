#include "tests/support/seccomp_agent.h"

#include <linux/seccomp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/error.h"

namespace berth::test {
namespace {

UniqueFd listen_at(const std::string& path) {
  UniqueFd socket(check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path.starts_with('@')) address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  check(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size), "bind", path);
  check(::listen(socket.get(), 5), "listen", path);
  return socket;
}

}  // namespace

SeccompAgent::SeccompAgent(const std::string& path, int code)
    : code_(code),
      socket_(listen_at(path)),
      stop_(check(::eventfd(0, EFD_CLOEXEC), "eventfd")),
      thread_([this] { serve(); }) {}

SeccompAgent::~SeccompAgent() {
  const uint64_t one = 1;
  (void)!::write(stop_.get(), &one, sizeof one);
  thread_.join();
}

std::vector<std::string> SeccompAgent::states() const {
  const std::scoped_lock lock(mutex_);
  return states_;
}

std::vector<int> SeccompAgent::calls() const {
  const std::scoped_lock lock(mutex_);
  return calls_;
}

void SeccompAgent::serve() {
  for (;;) {
    std::vector<pollfd> fds{{stop_.get(), POLLIN, 0}, {socket_.get(), POLLIN, 0}};
    for (const UniqueFd& listener : listeners_) fds.push_back({listener.get(), POLLIN, 0});
    if (::poll(fds.data(), fds.size(), -1) < 0) continue;
    if (fds[0].revents != 0) return;
    for (size_t i = 2; i < fds.size(); ++i) {
      if ((fds[i].revents & POLLIN) != 0) answer(fds[i].fd);
      // Nobody is left under that filter.
      if ((fds[i].revents & POLLIN) == 0 && fds[i].revents != 0) listeners_[i - 2].reset();
    }
    std::erase_if(listeners_, [](const UniqueFd& listener) { return !listener; });
    if (fds[1].revents != 0) take(UniqueFd(::accept(socket_.get(), nullptr, nullptr)).get());
  }
}

// To the end: who sends closes.
void SeccompAgent::take(int connection) {
  std::string state;
  try {
    for (Message message = receive_message(connection); !message.bytes.empty();
         message = receive_message(connection)) {
      state += message.bytes;
      for (UniqueFd& fd : message.fds) listeners_.push_back(std::move(fd));
    }
  } catch (const Error& e) {
    state = e.message();
  }
  const std::scoped_lock lock(mutex_);
  states_.push_back(state);
}

void SeccompAgent::answer(int listener) {
  seccomp_notif call{};
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) return;
  {
    const std::scoped_lock lock(mutex_);
    calls_.push_back(call.data.nr);
  }
  seccomp_notif_resp response{};
  response.id = call.id;
  response.error = -code_;
  (void)::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

}  // namespace berth::test
