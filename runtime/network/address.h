// IP addresses as people write them and as the kernel has them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace berth::runtime::network {

// IPv4 or IPv6, in the network's byte order.
struct Ip {
  int family = 0;  // AF_INET, AF_INET6
  std::array<uint8_t, 16> octets{};

  std::span<const uint8_t> bytes() const;  // 4 or 16
  unsigned bits() const { return static_cast<unsigned>(bytes().size()) * 8; }
  std::string text() const;
  bool operator==(const Ip&) const = default;
};

// An interface's address, with the length of the prefix that it has in common with its neighbours.
struct Address {
  Ip ip;
  unsigned prefix = 0;          // bits
  std::optional<Ip> peer = {};  // the other end's; the prefix is this one's then
  std::optional<Ip> broadcast = {};
  uint32_t flags = 0;  // of IFA_F_* those that are asked for, not those that the kernel reports

  std::string text() const;  // `10.0.0.1/24`
  bool operator==(const Address&) const = default;
};

// What a route leads to: all addresses that begin as `ip` does.
struct Subnet {
  Ip ip;
  unsigned prefix = 0;  // bits

  std::string text() const;
  bool operator==(const Subnet&) const = default;
};

// Each throws Error that quotes the text and says what it is not, for Error::within of its place in
// a file: `interfaces[0].addresses[1]: '10.0.0.300/24' is no IP address with a prefix length`.
Ip parse_ip(std::string_view text);
Address parse_address(std::string_view text);
// CIDR; bits beyond the prefix are an error, as to the kernel.
Subnet parse_subnet(std::string_view text);
// From the kernel's bytes: 4 or 16, else nothing.
std::optional<Ip> ip_of(std::span<const uint8_t> bytes);

}  // namespace berth::runtime::network
