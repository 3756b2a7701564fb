// Routes of one network namespace, in its main table.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/network/address.h"
#include "runtime/network/netlink.h"

namespace berth::runtime::network {

struct Route {
  std::optional<Subnet> destination = {};  // absent: the default route
  std::optional<Ip> source = {};           // what packets get that have none yet
  std::optional<Ip> gateway = {};          // absent: whoever is meant is a neighbour
  std::string interface = {};              // its name; empty: the one that the gateway is behind

  std::string text() const;  // `default`, `10.1.0.0/16`
  bool operator==(const Route&) const = default;
};

// `default`, or CIDR; 0.0.0.0/0 and ::/0 are kept as such. Nothing for `default`. Throws Error for
// Error::within of its place in a file: `'10.0.0.0' is neither 'default' nor an IP subnet with a
// prefix length`.
std::optional<Subnet> parse_destination(std::string_view text);

// What the parts of a route contradict each other in, an Error that begins with the part's name:
// `gateway: '::1' is of another family than '10.1.0.0/16'`.
void check_route(const Route& route);

// Throws Error with the destination, errno and the kernel's own words. The family of a default
// route is that of its gateway or its source, else IPv4. A route that is there is an Error
// (EEXIST).
void add_route(const Netlink& netlink, const Route& route);

}  // namespace berth::runtime::network
