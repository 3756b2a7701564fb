#include "base/fd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "base/error.h"
#include "base/file.h"

namespace berth {

void UniqueFd::reset(int fd) noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Pipe make_pipe() {
  int ends[2];
  check(::pipe2(ends, O_CLOEXEC), "pipe");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

UniqueFd duplicate(int fd) {
  return UniqueFd(
      check(::fcntl(fd, F_DUPFD_CLOEXEC, 3), "duplicate descriptor", std::to_string(fd)));
}

void set_inheritable(int fd, bool inheritable) {
  check(::fcntl(fd, F_SETFD, inheritable ? 0 : FD_CLOEXEC), "set close-on-exec of descriptor",
        std::to_string(fd));
}

namespace {
constexpr int kSeals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;
}

UniqueFd sealed_memfd(const char* name, std::string_view content) {
  UniqueFd fd(check(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), "memfd_create", name));
  write_all(fd.get(), content, name);
  check(::fcntl(fd.get(), F_ADD_SEALS, kSeals | F_SEAL_SEAL), "seal memfd", name);
  return fd;
}

std::string read_sealed(int fd, size_t cap) {
  const int seals = check(::fcntl(fd, F_GET_SEALS), "read seals of descriptor", std::to_string(fd));
  if ((seals & kSeals) != kSeals) throw Error("refuse a handed memory file: it is not sealed");
  struct stat st {};
  check(::fstat(fd, &st), "fstat", "sealed memfd");
  if (static_cast<size_t>(st.st_size) > cap) throw Error("read", "sealed memfd", EFBIG);
  std::string content(static_cast<size_t>(st.st_size), '\0');
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t n =
        check(::pread(fd, content.data() + done, content.size() - done, static_cast<off_t>(done)),
              "read", "sealed memfd");
    if (n == 0) throw Error("read", "sealed memfd", EIO);
    done += static_cast<size_t>(n);
  }
  return content;
}

SocketPair socket_pair() {
  int fds[2];
  check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), "socketpair");
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

void send_message(int socket, std::string_view bytes, std::span<const int> fds) {
  if (bytes.empty() || fds.size() > kMaxFds) throw Error("send message", {}, EINVAL);
  // The receiver would take it for cut off.
  if (bytes.size() > kMaxMessage) throw Error("send message", {}, EMSGSIZE);
  iovec iov{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxFds * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &iov;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  ssize_t n = 0;
  do {
    n = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  check(n, "send message");
}

Message receive_message(int socket) {
  Message result;
  // Most messages are a word, and touch none of the pages that the longest ones would take: in a
  // container's first process each counts against its memory limit.
  char begin[512];
  char rest[kMaxMessage - sizeof begin];
  iovec parts[2] = {{begin, sizeof begin}, {rest, sizeof rest}};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxFds * sizeof(int))];
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = std::size(parts);
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t n = 0;
  bool reset = false;
  do {
    n = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    // The peer's death with unread data of ours shows as a reset, once, and before what the peer
    // had sent: that comes next, or the end.
  } while (n < 0 && (errno == EINTR || (errno == ECONNRESET && !std::exchange(reset, true))));
  // The kernel did not fill `control` then: nothing below may look at it.
  if (n < 0 && errno == ECONNRESET) return {};
  check(n, "receive message");
  for (cmsghdr* h = CMSG_FIRSTHDR(&message); h != nullptr; h = CMSG_NXTHDR(&message, h)) {
    if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof fd);
      result.fds.emplace_back(fd);
    }
  }
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    throw Error("receive message", {}, EMSGSIZE);
  }
  const auto size = static_cast<size_t>(n);
  result.bytes.assign(begin, std::min(size, sizeof begin));
  if (size > sizeof begin) result.bytes.append(rest, size - sizeof begin);
  return result;
}

}  // namespace berth
