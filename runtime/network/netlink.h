// rtnetlink (rtnetlink(7)): how the kernel is asked about network interfaces, addresses and routes,
// and told to change them.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "runtime/network/netlink_message.h"

struct nl_sock;

namespace berth::runtime::network {

// A socket of one network namespace: it stays that one's wherever the process goes. Close-on-exec.
class Netlink {
 public:
  // Of the namespace that the calling thread is in.
  Netlink();
  // Of another one, open as /proc/PID/ns/net. The calling thread goes there and comes back, which
  // takes CAP_SYS_ADMIN; a process that could not come back would act on the wrong interfaces, so
  // it is terminated.
  explicit Netlink(int network_namespace);

  using Handler = std::function<void(const Answer&)>;

  // Sends it and waits until the kernel has done it. Throws Error with `operation`, `object`, errno
  // and, where the kernel says more (NETLINK_EXT_ACK), that as a note: `add route to '10.1.0.0/16':
  // network is unreachable (Nexthop has invalid gateway)`.
  void request(NetlinkMessage& message, std::string_view operation, std::string_view object) const;
  // The same for a message that is answered: by one, or, with NLM_F_DUMP, by any number. False
  // where a dump is not to be trusted, since what it shows changed meanwhile (NLM_F_DUMP_INTR).
  bool ask(NetlinkMessage& message, std::string_view operation, std::string_view object,
           const Handler& handler) const;

 private:
  struct Free {
    void operator()(nl_sock* socket) const;
  };
  explicit Netlink(std::unique_ptr<nl_sock, Free> socket);
  static std::unique_ptr<nl_sock, Free> open();
  static std::unique_ptr<nl_sock, Free> open_in(int network_namespace);

  std::unique_ptr<nl_sock, Free> socket_;
};

}  // namespace berth::runtime::network
