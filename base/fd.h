// Descriptors: ownership, sealed memory, and passing them between processes. Everything made here
// is close-on-exec; who must inherit one says so with set_inheritable.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth {

// Owns a descriptor. Move-only; assigning closes what was held before.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  ~UniqueFd() { reset(); }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  // Gives the descriptor away; the caller owns it now.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept;

 private:
  int fd_ = -1;
};

// pipe2(2), both ends close-on-exec.
struct Pipe {
  UniqueFd read, write;
};
Pipe make_pipe();

// A duplicate (close-on-exec) of a descriptor that somebody else owns.
UniqueFd duplicate(int fd);

// Clears or sets close-on-exec.
void set_inheritable(int fd, bool inheritable);

// A memfd holding `content`, sealed against any change (memfd_create(2), F_ADD_SEALS).
UniqueFd sealed_memfd(const char* name, std::string_view content);
// The whole content of a sealed memfd. Throws when it lacks one of the seals against writing,
// growing and shrinking, or is larger than `cap` bytes: its other holder could change it under us.
std::string read_sealed(int fd, size_t cap);

struct SocketPair {
  UniqueFd first, second;
};
// AF_UNIX, SOCK_SEQPACKET: one message in is one message out.
SocketPair socket_pair();

// One message: bytes (at least one) and descriptors (at most kMaxFds), by SCM_RIGHTS.
struct Message {
  std::string bytes;
  std::vector<UniqueFd> fds;
};
inline constexpr size_t kMaxFds = 64;
inline constexpr size_t kMaxMessage = size_t{64} << 10;
void send_message(int socket, std::string_view bytes, std::span<const int> fds = {});
// Blocks for the next message. An empty `bytes` means that the other end is closed.
Message receive_message(int socket);

}  // namespace berth
