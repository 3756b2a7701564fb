#include "runtime/container/notify.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"

namespace berth::runtime {
namespace {

constexpr const char* kFolder = "notify";
constexpr const char* kName = "notify.sock";
constexpr const char* kInside = "/run/notify";
constexpr int kAttention = 30'000;  // ms, as runc waits
constexpr size_t kLongest = 4096;

// Of the host's: a path, or `@` and a name. Nothing for what is neither (vsock).
const char* host_socket() {
  const char* const name = std::getenv("NOTIFY_SOCKET");
  return name != nullptr && (*name == '/' || *name == '@') ? name : nullptr;
}

UniqueFd connect_to(const char* name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const size_t size = std::strlen(name);
  if (size >= sizeof address.sun_path) throw Error("connect to", name, ENAMETOOLONG);
  std::memcpy(address.sun_path, name, size);
  if (*name == '@') address.sun_path[0] = '\0';
  UniqueFd socket(check(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
  check(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), length), "connect to",
        name);
  // Who does not listen for long must not keep the program's signals from it.
  const timeval patience{.tv_sec = 5, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return socket;
}

UniqueFd listen_in(int folder) {
  UniqueFd socket(check(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket"));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // The way is by a descriptor: a folder's path may be longer than a socket's name.
  const std::string path = "/proc/self/fd/" + std::to_string(folder) + "/" + kName;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  check(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
        "make socket", kName);
  check(::fchmodat(folder, kName, 0777, 0), "chmod", kName);  // whoever the program is
  return socket;
}

std::string path_of(int folder) {
  char buffer[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(folder);
  const ssize_t size = check(::readlink(link.c_str(), buffer, sizeof buffer), "read link", link);
  return {buffer, static_cast<size_t>(size)};
}

bool is_ours_to_say(std::string_view line) {
  constexpr std::array<std::string_view, 4> kOthers{"MAINPID", "BARRIER", "FDSTORE", "FDNAME"};
  return std::ranges::none_of(kOthers, [&](auto name) { return line.starts_with(name); });
}

// The lines that may be passed on.
std::string filtered(std::string_view message, bool& ready) {
  std::string passed;
  while (!message.empty()) {
    const size_t end = std::min(message.find('\n'), message.size());
    const std::string_view line = message.substr(0, end);
    message.remove_prefix(std::min(end + 1, message.size()));
    if (line.empty() || !is_ours_to_say(line)) continue;
    ready = ready || line == "READY=1";
    passed.append(line).append("\n");
  }
  return passed;
}

}  // namespace

bool is_notified() {
  return host_socket() != nullptr;
}

void offer_notify_socket(int folder, spec::Spec& spec) {
  if (host_socket() == nullptr || !spec.process) return;
  (void)make_dir(folder, kFolder, 0755);
  check(::fchmodat(folder, kFolder, 0755, 0), "chmod", kFolder);  // whatever the umask
  spec.mounts.push_back({kInside,
                         "bind",
                         path_of(folder) + "/" + kFolder,
                         {"bind", "nosuid", "noexec", "nodev", "ro"}});
  std::vector<std::string>& env = spec.process->env;
  std::erase_if(env, [](const std::string& v) { return v.starts_with("NOTIFY_SOCKET="); });
  env.push_back(std::string("NOTIFY_SOCKET=") + kInside + "/" + kName);
}

std::optional<NotifySocket> NotifySocket::open(int folder) {
  const char* const host = host_socket();
  if (host == nullptr) return std::nullopt;
  const auto place = open_dir_if_exists(folder, kFolder);
  if (!place) return std::nullopt;
  try {
    UniqueFd other = connect_to(host);
    return NotifySocket(listen_in(place->get()), std::move(other));
  } catch (const Error& e) {
    if (tracing()) trace("NOTIFY_SOCKET: " + e.message());
    return std::nullopt;
  }
}

void NotifySocket::tell(const std::string& message) const {
  try {
    send_message(host_.get(), message);
  } catch (const Error& e) {
    if (tracing()) trace("NOTIFY_SOCKET: " + e.message());
  }
}

bool NotifySocket::pass_on() const {
  bool ready = false;
  char buffer[kLongest];
  // Descriptors that come along are closed: recv(2) takes none.
  for (;;) {
    const ssize_t n = ::recv(own_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ready;
    const std::string message = filtered({buffer, static_cast<size_t>(n)}, ready);
    if (!message.empty()) tell(message);
  }
}

void NotifySocket::pass_on_until_ready(const RunningContainer& container) const {
  for (;;) {
    pollfd fds[] = {{own_.get(), POLLIN, 0}, {container.pidfd.get(), POLLIN, 0}};
    if (::poll(fds, std::size(fds), -1) < 0) {
      if (errno == EINTR) continue;
      throw Error("poll", {}, errno);
    }
    if (pass_on()) break;
    if (fds[1].revents != 0) return;
  }
  tell("MAINPID=" + std::to_string(container.pid) + "\n");
  await_attention();
}

// The other end looks at who a message is from, so this process must be there still. A descriptor
// that is sent along is closed when it was looked at (sd_notify_barrier(3)).
void NotifySocket::await_attention() const {
  Pipe pipe = make_pipe();
  const int end = pipe.write.get();
  try {
    send_message(host_.get(), "BARRIER=1", {&end, 1});
  } catch (const Error&) {
    return;
  }
  pipe.write.reset();
  pollfd closed{pipe.read.get(), 0, 0};
  while (::poll(&closed, 1, kAttention) < 0 && errno == EINTR) {
  }
}

}  // namespace berth::runtime
