#include "runtime/network/address.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/json_node.h"

namespace berth::runtime::network {
namespace {

constexpr size_t kOctetsOfIpv4 = 4;

[[noreturn]] void fail(std::string_view text, std::string_view what) {
  throw Error(in_quotes(text) + " is no " + std::string(what));
}

std::optional<Ip> read_ip(std::string_view text) {
  const std::string copy(text);
  if (copy.find('\0') != std::string::npos) return std::nullopt;
  Ip ip{.family = text.find(':') == std::string_view::npos ? AF_INET : AF_INET6};
  if (::inet_pton(ip.family, copy.c_str(), ip.octets.data()) != 1) return std::nullopt;
  return ip;
}

// `IP/BITS`
std::optional<Subnet> read_with_prefix(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto ip = read_ip(text.substr(0, slash));
  if (!ip) return std::nullopt;
  unsigned prefix = 0;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data() + slash + 1, end, prefix);
  if (error != std::errc() || last != end || prefix > ip->bits()) return std::nullopt;
  return Subnet{*ip, prefix};
}

bool has_bits_beyond(const Subnet& subnet) {
  for (unsigned bit = subnet.prefix; bit < subnet.ip.bits(); ++bit) {
    if ((subnet.ip.octets[bit / 8] & (0x80u >> bit % 8)) != 0) return true;
  }
  return false;
}

std::string with_prefix(const Ip& ip, unsigned prefix) {
  return ip.text() + "/" + std::to_string(prefix);
}

}  // namespace

std::span<const uint8_t> Ip::bytes() const {
  return std::span(octets).first(family == AF_INET ? kOctetsOfIpv4 : octets.size());
}

std::string Ip::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  return ::inet_ntop(family, octets.data(), buffer, sizeof buffer) == nullptr ? "" : buffer;
}

std::string Address::text() const {
  return with_prefix(ip, prefix);
}

std::string Subnet::text() const {
  return with_prefix(ip, prefix);
}

Ip parse_ip(std::string_view text) {
  const auto ip = read_ip(text);
  if (!ip) fail(text, "IP address");
  return *ip;
}

Address parse_address(std::string_view text) {
  const auto read = read_with_prefix(text);
  if (!read) fail(text, "IP address with a prefix length");
  return {.ip = read->ip, .prefix = read->prefix};
}

Subnet parse_subnet(std::string_view text) {
  const auto subnet = read_with_prefix(text);
  if (!subnet) fail(text, "IP subnet with a prefix length");
  if (has_bits_beyond(*subnet)) {
    throw Error(in_quotes(text) + " has bits set beyond its prefix length");
  }
  return *subnet;
}

std::optional<Ip> ip_of(std::span<const uint8_t> bytes) {
  Ip ip;
  if (bytes.size() != kOctetsOfIpv4 && bytes.size() != ip.octets.size()) return std::nullopt;
  ip.family = bytes.size() == kOctetsOfIpv4 ? AF_INET : AF_INET6;
  std::ranges::copy(bytes, ip.octets.begin());
  return ip;
}

}  // namespace berth::runtime::network
