// IP addresses, subnets, destinations and names, as files and command lines give them.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "runtime/network/address.h"
#include "runtime/network/interface_name.h"
#include "runtime/network/route.h"
#include "tests/support/message_of.h"

namespace berth::runtime::network {
namespace {

using test::message_of;

TEST(Ip, IsReadAndWritten) {
  for (const char* text : {"0.0.0.0", "10.1.2.3", "255.255.255.255", "::", "::1", "fe80::1:2"}) {
    EXPECT_EQ(parse_ip(text).text(), text);
  }
  EXPECT_EQ(parse_ip("10.0.0.1").family, AF_INET);
  EXPECT_EQ(parse_ip("10.0.0.1").bytes().size(), 4U);
  EXPECT_EQ(parse_ip("2001:DB8:0:0::1").text(), "2001:db8::1");
  EXPECT_EQ(parse_ip("2001:db8::1").bytes().size(), 16U);
  EXPECT_EQ(ip_of(parse_ip("10.0.0.1").bytes()), parse_ip("10.0.0.1"));
  EXPECT_EQ(ip_of(parse_ip("::2").bytes().first(7)), std::nullopt);
}

TEST(Ip, ThatIsWrongIsQuoted) {
  for (const char* text : {"", "10", "10.0.0", "10.0.0.256", "10.0.0.1.1", "010.0.0.1", " 10.0.0.1",
                           "10.0.0.1/24", "::1::", "fe80::1%eth0", "12345::", "localhost"}) {
    EXPECT_EQ(message_of([&] { (void)parse_ip(text); }),
              "'" + std::string(text) + "' is no IP address");
  }
  EXPECT_EQ(message_of([] { (void)parse_ip(std::string_view("1.2.3.4\0x", 9)); }),
            "'1.2.3.4\\x00x' is no IP address");
}

TEST(Address, HasAPrefixLength) {
  EXPECT_EQ(parse_address("10.0.0.1/24").prefix, 24U);
  EXPECT_EQ(parse_address("10.0.0.1/24").text(), "10.0.0.1/24");
  EXPECT_EQ(parse_address("10.0.0.1/32").ip, parse_ip("10.0.0.1"));
  EXPECT_EQ(parse_address("fd00::1/128").text(), "fd00::1/128");
  EXPECT_EQ(parse_address("fd00::1/0").prefix, 0U);
}

TEST(Address, ThatIsWrongIsQuotedWithItsPlaceInFront) {
  const auto fail = [] {
    try {
      (void)parse_address("10.0.0.300/24");
    } catch (const Error& e) {
      throw e.within("interfaces[0].addresses[1]");
    }
  };
  EXPECT_EQ(message_of(fail),
            "interfaces[0].addresses[1]: '10.0.0.300/24' is no IP address with a prefix length");
  for (const char* text : {"", "/", "10.0.0.1", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1",
                           "10.0.0.1/+8", "10.0.0.1/8 ", "10.0.0.1/8/8", "fd00::1/129",
                           "10.0.0.1/255.0.0.0", "10.0.0.1/99999999999999999999"}) {
    EXPECT_EQ(message_of([&] { (void)parse_address(text); }),
              "'" + std::string(text) + "' is no IP address with a prefix length");
  }
}

TEST(Subnet, HasNoBitsBeyondItsPrefix) {
  EXPECT_EQ(parse_subnet("10.0.0.0/8").text(), "10.0.0.0/8");
  EXPECT_EQ(parse_subnet("10.0.0.128/25").prefix, 25U);
  EXPECT_EQ(parse_subnet("0.0.0.0/0").prefix, 0U);
  EXPECT_EQ(parse_subnet("10.0.0.1/32").prefix, 32U);
  EXPECT_EQ(parse_subnet("fd00:8000::/17").text(), "fd00:8000::/17");
  for (const char* text :
       {"10.0.0.1/8", "10.0.0.128/24", "0.0.0.1/0", "fd00:8000::/16", "::1/127"}) {
    EXPECT_EQ(message_of([&] { (void)parse_subnet(text); }),
              "'" + std::string(text) + "' has bits set beyond its prefix length");
  }
  EXPECT_EQ(message_of([] { (void)parse_subnet("ten/8"); }),
            "'ten/8' is no IP subnet with a prefix length");
}

TEST(Destination, IsDefaultOrASubnet) {
  EXPECT_EQ(parse_destination("default"), std::nullopt);
  EXPECT_EQ(parse_destination("10.1.0.0/16"), parse_subnet("10.1.0.0/16"));
  EXPECT_EQ(message_of([] { (void)parse_destination("10.1.0.0"); }),
            "'10.1.0.0' is neither 'default' nor an IP subnet with a prefix length");
  EXPECT_EQ(message_of([] { (void)parse_destination("Default"); }),
            "'Default' is neither 'default' nor an IP subnet with a prefix length");
  EXPECT_EQ(message_of([] { (void)parse_destination("10.1.0.0/33"); }),
            "'10.1.0.0/33' is no IP subnet with a prefix length");
}

TEST(RouteParts, ThatContradictEachOther) {
  EXPECT_EQ(message_of([] { check_route({.gateway = parse_ip("10.0.0.1")}); }), "no error");
  EXPECT_EQ(message_of([] { check_route({.interface = "eth0"}); }), "no error");
  EXPECT_EQ(message_of([] { check_route({}); }),
            "gateway: missing, and so is interface: the route leads nowhere");
  EXPECT_EQ(message_of([] { check_route({.interface = "eth 0"}); }),
            "interface: 'eth 0' is not the name of a network interface");
  EXPECT_EQ(message_of([] {
              check_route({.destination = parse_subnet("10.1.0.0/16"), .gateway = parse_ip("::1")});
            }),
            "gateway: '::1' is of another family than '10.1.0.0/16'");
  EXPECT_EQ(
      message_of([] { check_route({.source = parse_ip("::2"), .gateway = parse_ip("10.0.0.1")}); }),
      "source: '::2' is of another family than '10.0.0.1'");
}

TEST(InterfaceName, IsWhatTheKernelTakes) {
  for (const char* name : {"e", "eth0", "enp0s3.100", "abcdefghijklmno", "a-b_c", "..."}) {
    EXPECT_TRUE(is_interface_name(name)) << name;
    EXPECT_FALSE(is_interface_template(name)) << name;
  }
  for (const char* name : {"", ".", "..", "a/b", "a b", "a:1", "a\n", "abcdefghijklmnop", "e%"}) {
    EXPECT_FALSE(is_interface_name(name)) << name;
    EXPECT_FALSE(is_interface_template(name)) << name;
  }
  EXPECT_TRUE(is_interface_template("eth%d"));
  EXPECT_TRUE(is_interface_template("%d"));
  for (const char* name : {"eth%i", "%d%d", "eth%%d", "eth%", "a b%d", "abcdefghijklmn%d"}) {
    EXPECT_FALSE(is_interface_template(name)) << name;
  }
  EXPECT_FALSE(is_interface_name("eth%d"));
}

}  // namespace
}  // namespace berth::runtime::network
