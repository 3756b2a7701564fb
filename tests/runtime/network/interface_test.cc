// Interfaces made, found, moved and removed by the kernel itself, in namespaces of the test's own.
#include "runtime/network/interface.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include <set>

#include "base/file.h"
#include "tests/runtime/network/network_namespace.h"
#include "tests/support/message_of.h"

namespace berth::runtime::network {
namespace {

using test::message_of;
using test::plain_kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class InterfaceTest : public test::NetworkTest {
 protected:
  void SetUp() override {
    NetworkTest::SetUp();
    if (IsSkipped()) return;
    if (plain_kind().empty()) GTEST_SKIP() << "no dummy and no ifb: " << errno_text(EOPNOTSUPP);
    if (!test::has_kind("veth")) GTEST_SKIP() << "no veth: " << errno_text(EOPNOTSUPP);
  }
  Interface made(const std::string& name) const {
    make_interface(netlink(), plain_kind(), name);
    return get_interface(netlink(), name);
  }
};

std::vector<std::string> texts(const std::vector<Address>& addresses) {
  std::vector<std::string> result;
  for (const Address& address : addresses) result.push_back(address.text());
  return result;
}

std::string name_of_namespace(const char* path) {
  char buffer[64] = {};
  check(::readlink(path, buffer, sizeof buffer - 1), "readlink", path);
  return buffer;
}

TEST_F(InterfaceTest, ASocketIsOfItsNamespaceAndClosesAtExecve) {
  const std::string before = name_of_namespace("/proc/thread-self/ns/net");
  const auto open_now = [] {
    const auto names = list_dir(open_dir(AT_FDCWD, "/proc/self/fd").get());
    return std::set<std::string>(names.begin(), names.end());
  };
  const std::set<std::string> others = open_now();
  const Netlink inside(here().fd());
  for (const std::string& name : open_now()) {
    const int flags = ::fcntl(std::stoi(name), F_GETFD);  // -1: what looked is closed
    EXPECT_TRUE(others.contains(name) || flags < 0 || (flags & FD_CLOEXEC) != 0) << name;
  }
  EXPECT_EQ(name_of_namespace("/proc/thread-self/ns/net"), before);
  make_interface(inside, plain_kind(), "d0");
  here().run([] { EXPECT_TRUE(find_interface(Netlink(), "d0")); });
  there().run([] { EXPECT_FALSE(find_interface(Netlink(), "d0")); });
}

TEST_F(InterfaceTest, ADescriptorOfSomethingElseIsNoNamespace) {
  const UniqueFd file = open_file(AT_FDCWD, "/dev/null", O_RDONLY);
  EXPECT_EQ(message_of([&] { const Netlink wrong(file.get()); }),
            "join 'network namespace': invalid argument");
}

TEST_F(InterfaceTest, IsFoundByName) {
  const auto loopback = find_interface(netlink(), "lo");
  ASSERT_TRUE(loopback);
  EXPECT_EQ(loopback->index, 1);
  EXPECT_EQ(loopback->kind, "");
  EXPECT_FALSE(loopback->is_up());
  EXPECT_NE(loopback->flags & IFF_LOOPBACK, 0U);
  EXPECT_FALSE(find_interface(netlink(), "none"));
  EXPECT_EQ(message_of([&] { (void)get_interface(netlink(), "none"); }),
            "find interface 'none': no such device");
}

TEST_F(InterfaceTest, IsMadeRaisedAndRemoved) {
  const Interface plain = made("d0");
  EXPECT_EQ(plain.kind, plain_kind());
  EXPECT_FALSE(plain.is_up());
  raise_interface(netlink(), plain);
  EXPECT_TRUE(get_interface(netlink(), "d0").is_up());
  remove_interface(netlink(), plain);
  EXPECT_FALSE(find_interface(netlink(), "d0"));
  EXPECT_EQ(message_of([&] { remove_interface(netlink(), plain); }),
            "remove interface 'd0': no such device");
}

TEST_F(InterfaceTest, AVethHasTwoEnds) {
  make_interface(netlink(), "veth", "left", "right");
  EXPECT_EQ(get_interface(netlink(), "left").kind, "veth");
  EXPECT_EQ(get_interface(netlink(), "right").kind, "veth");
  remove_interface(netlink(), get_interface(netlink(), "right"));
  EXPECT_FALSE(find_interface(netlink(), "left"));
}

TEST_F(InterfaceTest, WhatTheKernelRefusesIsOneLineWithItsOwnWords) {
  EXPECT_THAT(message_of([&] { make_interface(netlink(), "no_kind", "x"); }),
              StartsWith("make no_kind interface 'x': operation not supported (Unknown device "
                         "type"));
  (void)made("taken");
  EXPECT_THAT(message_of([&] { make_interface(netlink(), plain_kind(), "taken"); }),
              StartsWith("make " + plain_kind() + " interface 'taken': file exists"));
  EXPECT_THAT(message_of([&] { make_interface(netlink(), "veth", "v0", "taken"); }),
              StartsWith("make veth interface 'v0': file exists"));
  EXPECT_FALSE(find_interface(netlink(), "v0"));
  EXPECT_THAT(message_of([&] { make_interface(netlink(), "veth", "a/b"); }),
              StartsWith("make veth interface 'a/b': invalid argument"));
  EXPECT_THAT(message_of([&] { make_interface(netlink(), "veth", std::string(9000, 'a')); }),
              StartsWith("put together a message to 'rtnetlink': message too long"));
}

TEST_F(InterfaceTest, MovesUnderANewName) {
  const Interface plain = made("d0");
  move_interface(netlink(), plain, there().fd(), "eth0");
  EXPECT_FALSE(find_interface(netlink(), "d0"));
  EXPECT_FALSE(find_interface(netlink(), "eth0"));
  EXPECT_EQ(get_interface(other(), "eth0").kind, plain_kind());
  EXPECT_FALSE(find_interface(other(), "d0"));
}

TEST_F(InterfaceTest, WhatCannotMoveStays) {
  const auto move = [&](const std::string& name) {
    return message_of(
        [&] { move_interface(netlink(), get_interface(netlink(), name), there().fd(), name); });
  };
  EXPECT_THAT(move("lo"), StartsWith("move interface 'lo': invalid argument"));
  (void)made("d0");
  make_interface(other(), plain_kind(), "d0");
  EXPECT_THAT(move("d0"), StartsWith("move interface 'd0': file exists"));
  EXPECT_TRUE(find_interface(netlink(), "d0"));
  const UniqueFd file = open_file(AT_FDCWD, "/dev/null", O_RDONLY);
  EXPECT_THAT(message_of([&] { move_interface(netlink(), made("d1"), file.get(), "d1"); }),
              StartsWith("move interface 'd1': invalid argument"));
  EXPECT_TRUE(find_interface(netlink(), "d1"));
}

TEST_F(InterfaceTest, AddressesOfBothFamiliesAreAddedAndListed) {
  const Interface plain = made("d0"), other = made("d1");
  for (const char* text : {"10.0.0.1/24", "10.0.0.2/24", "10.9.0.1/32", "fd00::1/64"}) {
    add_address(netlink(), plain, parse_address(text));
  }
  add_address(netlink(), other, parse_address("10.8.0.1/24"));
  raise_interface(netlink(), plain);  // has a link-local address now, which is no global one
  EXPECT_THAT(
      texts(global_addresses(netlink(), plain)),
      ::testing::UnorderedElementsAre("10.0.0.1/24", "10.0.0.2/24", "10.9.0.1/32", "fd00::1/64"));
  EXPECT_THAT(texts(global_addresses(netlink(), other)), ElementsAre("10.8.0.1/24"));
  EXPECT_THAT(texts(global_addresses(netlink(), get_interface(netlink(), "lo"))), IsEmpty());
  EXPECT_THAT(message_of([&] { add_address(netlink(), plain, parse_address("10.0.0.1/24")); }),
              StartsWith("add address 10.0.0.1/24 to interface 'd0': file exists"));
}

TEST_F(InterfaceTest, AnAddressKeepsItsPeerBroadcastAndFlags) {
  const Interface plain = made("d0");
  Address with_peer = parse_address("10.0.0.1/32");
  with_peer.peer = parse_ip("10.0.0.9");
  Address with_broadcast = parse_address("10.1.0.1/24");
  with_broadcast.broadcast = parse_ip("10.1.0.255");
  with_broadcast.flags = IFA_F_NOPREFIXROUTE;
  Address ipv6 = parse_address("fd00::1/64");
  ipv6.flags = IFA_F_NODAD;
  Address ipv6_with_peer = parse_address("fd01::1/128");
  ipv6_with_peer.peer = parse_ip("fd01::2");
  const std::vector<Address> addresses{with_peer, with_broadcast, ipv6, ipv6_with_peer};
  for (const Address& address : addresses) add_address(netlink(), plain, address);
  EXPECT_THAT(global_addresses(netlink(), plain), ::testing::UnorderedElementsAreArray(addresses));
}

// One that the kernel removes when its time is over.
TEST_F(InterfaceTest, AnAddressForAWhileIsNotListed) {
  const Interface plain = made("d0");
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = 24;
  header.ifa_index = static_cast<uint32_t>(plain.index);
  NetlinkMessage message(RTM_NEWADDR, NLM_F_CREATE, header);
  message.put(IFA_LOCAL, parse_ip("10.0.0.1").bytes());
  const ifa_cacheinfo times{.ifa_prefered = 3000, .ifa_valid = 3600, .cstamp = 0, .tstamp = 0};
  message.put(IFA_CACHEINFO, Bytes(reinterpret_cast<const uint8_t*>(&times), sizeof times));
  netlink().request(message, "add address to", "d0");
  add_address(netlink(), plain, parse_address("10.0.1.1/24"));
  EXPECT_THAT(texts(global_addresses(netlink(), plain)), ElementsAre("10.0.1.1/24"));
}

// More than the kernel sends at once.
TEST_F(InterfaceTest, ManyAddressesAreAllListed) {
  const Interface plain = made("d0");
  for (int i = 0; i < 600; ++i) {
    const std::string text = "10.0." + std::to_string(i / 200) + "." + std::to_string(i % 200 + 1);
    add_address(netlink(), plain, parse_address(text + "/32"));
  }
  EXPECT_EQ(global_addresses(netlink(), plain).size(), 600U);
}

// A request that had more answers than were waited for must not answer the next.
TEST_F(InterfaceTest, AnAnswerThatNobodyWaitedForIsPassedOver) {
  const Netlink socket = netlink();
  NetlinkMessage dump(RTM_GETLINK, NLM_F_DUMP, ifinfomsg{});
  EXPECT_THROW(socket.ask(dump, "ask", "all", [](const Answer&) { throw Error("enough"); }), Error);
  make_interface(socket, plain_kind(), "d0");
  EXPECT_EQ(get_interface(socket, "d0").kind, plain_kind());
}

}  // namespace
}  // namespace berth::runtime::network
