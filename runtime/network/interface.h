// Network interfaces of one namespace. What is not named here (MTU, hardware address) stays as it
// is.
#pragma once

#include <net/if.h>

#include <optional>
#include <string>
#include <vector>

#include "runtime/network/address.h"
#include "runtime/network/netlink.h"

namespace berth::runtime::network {

struct Interface {
  int index = 0;
  std::string name;
  std::string kind = {};  // `veth`, `dummy`; empty: hardware, or `lo`
  unsigned flags = 0;     // IFF_*

  bool is_up() const { return (flags & IFF_UP) != 0; }
};

// By its name, or by one of its other names (ip-link(8), altname).
std::optional<Interface> find_interface(const Netlink& netlink, const std::string& name);
// As find; Error (ENODEV) where there is none.
Interface get_interface(const Netlink& netlink, const std::string& name);

// Of any kind that the kernel knows and that needs no more to be said: `dummy`, `bridge`, `veth`
// with the name of its other end in `peer`. It is down.
void make_interface(const Netlink& netlink, const std::string& kind, const std::string& name,
                    const std::string& peer = {});
// Of a kind that sits on another interface: `macvlan`, `ipvlan`. It is down.
void make_interface_on(const Netlink& netlink, const std::string& kind, const std::string& name,
                       const Interface& lower);
void remove_interface(const Netlink& netlink, const Interface& interface);
void raise_interface(const Netlink& netlink, const Interface& interface);

// To another network namespace, under that name, in one request; the kernel takes its addresses and
// routes away and puts it down. Where that name is taken there it may have moved already, under the
// name that it had: who cares looks into both.
void move_interface(const Netlink& netlink, const Interface& interface, int network_namespace,
                    const std::string& name);

// The addresses that outlast the interface's way to another namespace: permanent ones
// (IFA_F_PERMANENT) of global scope (RT_SCOPE_UNIVERSE).
std::vector<Address> global_addresses(const Netlink& netlink, const Interface& interface);
// An address that the interface has is an Error (EEXIST).
void add_address(const Netlink& netlink, const Interface& interface, const Address& address);

}  // namespace berth::runtime::network
