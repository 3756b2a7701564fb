// libnl carries the messages; the answers are looked at here, since its own handler of errors drops
// the kernel's text.
#include "runtime/network/netlink.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sched.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/one_line.h"

namespace berth::runtime::network {
namespace {

// The most that the kernel puts into one part of a dump (net/netlink/af_netlink.c, netlink_dump).
constexpr size_t kMostAtOnce = size_t{32} << 10;

class InNamespace {
 public:
  explicit InNamespace(int there)
      : own_(open_file(AT_FDCWD, "/proc/thread-self/ns/net", O_RDONLY)) {
    check(::setns(there, CLONE_NEWNET), "join", "network namespace");
  }
  ~InNamespace() {
    if (::setns(own_.get(), CLONE_NEWNET) != 0) std::terminate();
  }
  InNamespace(const InNamespace&) = delete;
  InNamespace& operator=(const InNamespace&) = delete;

 private:
  UniqueFd own_;
};

// Each is a convenience that an old kernel may lack.
void ask_for_words(int socket) {
  const int on = 1;
  (void)::setsockopt(socket, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  (void)::setsockopt(socket, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
}

// Bound: libnl takes over a socket whose port is known.
UniqueFd open_socket() {
  UniqueFd socket(check(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "open socket",
                        "rtnetlink"));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  check(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
        "bind socket", "rtnetlink");
  ask_for_words(socket.get());
  return socket;
}

// What the kernel sent in one go.
class Received {
 public:
  explicit Received(nl_sock* socket) {
    sockaddr_nl from{};
    errno = 0;
    size_ = ::nl_recv(socket, &from, &data_, nullptr);
    if (size_ > 0) return;
    throw Error("receive from", "rtnetlink", errno != 0 ? errno : EPROTO);
  }
  ~Received() { std::free(data_); }
  Received(const Received&) = delete;
  Received& operator=(const Received&) = delete;

  // Until the visitor has seen what it waits for.
  template <class Visitor>
  bool visit(const Visitor& visitor) const {
    int left = size_;
    for (auto* message = reinterpret_cast<nlmsghdr*>(data_); ::nlmsg_ok(message, left) != 0;
         message = ::nlmsg_next(message, &left)) {
      if (visitor(*message)) return true;
    }
    return false;
  }

 private:
  unsigned char* data_ = nullptr;
  int size_ = 0;
};

// Behind the error's own bytes, which do not repeat the request (NETLINK_CAP_ACK).
std::string words_of(const nlmsghdr& message) {
  constexpr int kTold = NLM_F_ACK_TLVS | NLM_F_CAPPED;
  if ((message.nlmsg_flags & kTold) != kTold) return {};
  std::string words =
      one_line(Answer(message).attributes<nlmsgerr>().text(NLMSGERR_ATTR_MSG).value_or(""));
  while (words.ends_with('.')) words.pop_back();
  return words;
}

}  // namespace

void Netlink::Free::operator()(nl_sock* socket) const {
  ::nl_socket_free(socket);
}

Netlink::Netlink() : Netlink(open()) {}

Netlink::Netlink(int network_namespace) : Netlink(open_in(network_namespace)) {}

Netlink::Netlink(std::unique_ptr<nl_sock, Free> socket) : socket_(std::move(socket)) {}

std::unique_ptr<nl_sock, Netlink::Free> Netlink::open() {
  UniqueFd fd = open_socket();
  std::unique_ptr<nl_sock, Free> socket(::nl_socket_alloc());
  if (!socket || ::nl_socket_set_fd(socket.get(), NETLINK_ROUTE, fd.get()) != 0) {
    throw Error("set up socket", "rtnetlink", socket ? EINVAL : ENOMEM);
  }
  (void)fd.release();  // it is libnl's now
  ::nl_socket_set_msg_buf_size(socket.get(), kMostAtOnce);
  return socket;
}

std::unique_ptr<nl_sock, Netlink::Free> Netlink::open_in(int network_namespace) {
  const InNamespace there(network_namespace);
  return open();
}

void Netlink::request(NetlinkMessage& message, std::string_view operation,
                      std::string_view object) const {
  (void)ask(message, operation, object, [](const Answer&) {});
}

bool Netlink::ask(NetlinkMessage& message, std::string_view operation, std::string_view object,
                  const Handler& handler) const {
  errno = 0;
  if (::nl_send_auto(socket_.get(), message.get()) < 0) {
    throw Error(operation, object, errno != 0 ? errno : EPROTO);
  }
  const uint32_t sequence = ::nlmsg_hdr(message.get())->nlmsg_seq;
  bool consistent = true;
  const auto is_last = [&](const nlmsghdr& answer) {
    if (answer.nlmsg_seq != sequence) return false;  // of one that nobody waited for
    if ((answer.nlmsg_flags & NLM_F_DUMP_INTR) != 0) consistent = false;
    if (answer.nlmsg_type != NLMSG_ERROR && answer.nlmsg_type != NLMSG_DONE) {
      handler(Answer(answer));
      return false;
    }
    const int code = Answer(answer).header<int>();  // what both begin with
    if (code < 0) throw Error(operation, object, -code).with_note(words_of(answer));
    return true;
  };
  while (!Received(socket_.get()).visit(is_last)) {
  }
  return consistent;
}

}  // namespace berth::runtime::network
