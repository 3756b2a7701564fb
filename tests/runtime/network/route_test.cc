// Routes, and what they are for: two namespaces that talk by TCP.
#include "runtime/network/route.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <linux/if_addr.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "runtime/network/interface.h"
#include "tests/runtime/network/network_namespace.h"
#include "tests/support/message_of.h"

namespace berth::runtime::network {
namespace {

using test::message_of;
using ::testing::StartsWith;

// A pair between the two namespaces, each end up and with addresses.
class RouteTest : public test::NetworkTest {
 protected:
  void SetUp() override {
    NetworkTest::SetUp();
    if (IsSkipped()) return;
    if (!test::has_kind("veth")) GTEST_SKIP() << "no veth: " << errno_text(EOPNOTSUPP);
    make_interface(netlink(), "veth", "v0", "v1");
    move_interface(netlink(), get_interface(netlink(), "v1"), there().fd(), "eth0");
    give(netlink(), "v0", {"10.0.0.1/24", "fd00::1/64"});
    give(other(), "eth0", {"10.0.0.2/24", "fd00::2/64"});
  }
  static void give(const Netlink& netlink, const std::string& name,
                   const std::vector<std::string>& addresses) {
    const Interface interface = get_interface(netlink, name);
    for (const std::string& text : addresses) {
      Address address = parse_address(text);
      if (address.ip.family == AF_INET6) address.flags = IFA_F_NODAD;
      add_address(netlink, interface, address);
    }
    raise_interface(netlink, interface);
  }
};

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress socket_address(const Ip& ip, uint16_t port) {
  SocketAddress result;
  if (ip.family == AF_INET) {
    sockaddr_in v4{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
    std::memcpy(&v4.sin_addr, ip.octets.data(), sizeof v4.sin_addr);
    std::memcpy(&result.storage, &v4, sizeof v4);
    result.size = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, ip.octets.data(), sizeof v6.sin6_addr);
    std::memcpy(&result.storage, &v6, sizeof v6);
    result.size = sizeof v6;
  }
  return result;
}

UniqueFd tcp_socket(const test::NetworkNamespace& where, const Ip& ip) {
  UniqueFd socket;
  where.run(
      [&] { socket.reset(check(::socket(ip.family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")); });
  return socket;
}

void await(int fd, short events) {
  pollfd state{fd, events, 0};
  if (check(::poll(&state, 1, 30'000), "poll") == 0) throw Error("wait for TCP", {}, ETIMEDOUT);
}

// What a server at `ip` in one namespace gets from a client in the other, which sends its word; and
// the address that the client has to the server.
std::pair<std::string, std::string> exchange(const test::NetworkNamespace& server, const Ip& ip,
                                             const test::NetworkNamespace& client) {
  const UniqueFd listening = tcp_socket(server, ip);
  SocketAddress at = socket_address(ip, 7777);
  check(::bind(listening.get(), at.get(), at.size), "bind", ip.text());
  check(::listen(listening.get(), 1), "listen");
  const UniqueFd connection = tcp_socket(client, ip);
  timeval patience{.tv_sec = 30, .tv_usec = 0};
  check(::setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience),
        "setsockopt");
  check(::connect(connection.get(), at.get(), at.size), "connect to", ip.text());
  write_all(connection.get(), "hello", "connection");
  await(listening.get(), POLLIN);
  SocketAddress from;
  from.size = sizeof from.storage;
  const UniqueFd accepted(
      check(::accept4(listening.get(), from.get(), &from.size, SOCK_CLOEXEC), "accept"));
  await(accepted.get(), POLLIN);
  char buffer[16] = {};
  check(::read(accepted.get(), buffer, sizeof buffer - 1), "read");
  char text[INET6_ADDRSTRLEN] = {};
  const void* const bytes =
      ip.family == AF_INET
          ? static_cast<const void*>(&reinterpret_cast<sockaddr_in*>(from.get())->sin_addr)
          : &reinterpret_cast<sockaddr_in6*>(from.get())->sin6_addr;
  ::inet_ntop(ip.family, bytes, text, sizeof text);
  return {buffer, text};
}

using Exchanged = std::pair<std::string, std::string>;

TEST_F(RouteTest, NeighboursTalkByTcp) {
  EXPECT_EQ(exchange(here(), parse_ip("10.0.0.1"), there()), Exchanged("hello", "10.0.0.2"));
  EXPECT_EQ(exchange(here(), parse_ip("fd00::1"), there()), Exchanged("hello", "fd00::2"));
}

TEST_F(RouteTest, AGatewayLeadsFurtherAndTheSourceIsTheOneAskedFor) {
  give(netlink(), "lo", {"10.7.0.1/32", "fd07::1/128"});
  const Ip far = parse_ip("10.7.0.1");
  EXPECT_EQ(message_of([&] { (void)exchange(here(), far, there()); }),
            "connect to '10.7.0.1': network is unreachable");
  give(other(), "eth0", {"10.6.0.2/32"});
  add_route(other(), {.destination = parse_subnet("10.7.0.0/16"),
                      .source = parse_ip("10.6.0.2"),
                      .gateway = parse_ip("10.0.0.1"),
                      .interface = "eth0"});
  add_route(netlink(), {.destination = parse_subnet("10.6.0.2/32"), .interface = "v0"});
  EXPECT_EQ(exchange(here(), far, there()), Exchanged("hello", "10.6.0.2"));
}

TEST_F(RouteTest, TheDefaultRouteOfEachFamilyByItsGatewayAlone) {
  give(netlink(), "lo", {"10.7.0.1/32", "fd07::1/128"});
  add_route(other(), {.gateway = parse_ip("10.0.0.1")});
  add_route(other(), {.gateway = parse_ip("fd00::1")});
  EXPECT_EQ(exchange(here(), parse_ip("10.7.0.1"), there()), Exchanged("hello", "10.0.0.2"));
  EXPECT_EQ(exchange(here(), parse_ip("fd07::1"), there()), Exchanged("hello", "fd00::2"));
}

TEST_F(RouteTest, WhatTheKernelRefusesIsOneLineWithItsOwnWords) {
  const auto failure = [&](const Route& route) {
    return message_of([&] { add_route(netlink(), route); });
  };
  const Route to_nowhere{.destination = parse_subnet("10.7.0.0/16"),
                         .gateway = parse_ip("192.0.2.1"),
                         .interface = "v0"};
  EXPECT_EQ(failure(to_nowhere),
            "add route to '10.7.0.0/16': network is unreachable (Nexthop has invalid gateway)");
  EXPECT_EQ(failure({.interface = "none"}), "find interface 'none': no such device");
  EXPECT_THAT(failure({.source = parse_ip("10.3.3.3"), .gateway = parse_ip("10.0.0.2")}),
              StartsWith("add route to 'default': invalid argument (Invalid prefsrc address"));
  const Route route{.destination = parse_subnet("10.7.0.0/16"), .gateway = parse_ip("10.0.0.2")};
  EXPECT_EQ(failure(route), "no error");
  EXPECT_EQ(failure(route), "add route to '10.7.0.0/16': file exists");
  EXPECT_EQ(failure({}), "gateway: missing, and so is interface: the route leads nowhere");
}

}  // namespace
}  // namespace berth::runtime::network
