#include "runtime/network/interface.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/error.h"

namespace berth::runtime::network {
namespace {

// Newer than some headers.
constexpr uint32_t kSkipStats = 1U << 3;  // RTEXT_FILTER_SKIP_STATS

// What can be asked for; the rest is the kernel's account of an address.
constexpr uint32_t kWishes =
    IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN;

ifinfomsg link_of(const Interface& interface) {
  ifinfomsg header{};
  header.ifi_index = interface.index;
  return header;
}

Interface read_interface(const Answer& answer) {
  const auto header = answer.header<ifinfomsg>();
  const Attributes attributes = answer.attributes<ifinfomsg>();
  return {.index = header.ifi_index,
          .name = attributes.text(IFLA_IFNAME).value_or(""),
          .kind = attributes.nested(IFLA_LINKINFO).text(IFLA_INFO_KIND).value_or(""),
          .flags = header.ifi_flags};
}

std::optional<Ip> ip_in(const Attributes& attributes, int attribute) {
  const auto bytes = attributes.find(attribute);
  return bytes ? ip_of(*bytes) : std::nullopt;
}

// IFA_LOCAL is ours and IFA_ADDRESS the other end's, or ours again; IPv6 has the first only with
// another end (linux/if_addr.h).
std::optional<Address> read_address(const ifaddrmsg& header, const Attributes& attributes) {
  const uint32_t flags = attributes.number(IFA_FLAGS).value_or(header.ifa_flags);
  if (header.ifa_scope != RT_SCOPE_UNIVERSE || (flags & IFA_F_PERMANENT) == 0) return std::nullopt;
  const auto end = ip_in(attributes, IFA_ADDRESS);
  const auto local = ip_in(attributes, IFA_LOCAL);
  if (!end && !local) return std::nullopt;
  Address address{.ip = local ? *local : *end, .prefix = header.ifa_prefixlen};
  if (local && end && *local != *end) address.peer = end;
  address.broadcast = ip_in(attributes, IFA_BROADCAST);
  address.flags = flags & kWishes;
  return address;
}

}  // namespace

std::optional<Interface> find_interface(const Netlink& netlink, const std::string& name) {
  NetlinkMessage message(RTM_GETLINK, 0, ifinfomsg{});
  message.put(IFLA_IFNAME, name);
  message.put(IFLA_EXT_MASK, kSkipStats);
  std::optional<Interface> found;
  try {
    netlink.ask(message, "find interface", name,
                [&](const Answer& answer) { found = read_interface(answer); });
  } catch (const Error& e) {
    if (e.code() != ENODEV) throw;
  }
  return found;
}

Interface get_interface(const Netlink& netlink, const std::string& name) {
  auto found = find_interface(netlink, name);
  if (!found) throw Error("find interface", name, ENODEV);
  return *found;
}

void make_interface(const Netlink& netlink, const std::string& kind, const std::string& name,
                    const std::string& peer) {
  NetlinkMessage message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  message.put(IFLA_IFNAME, name);
  {
    const NetlinkMessage::Nest info(message, IFLA_LINKINFO);
    message.put(IFLA_INFO_KIND, kind);
    if (!peer.empty()) {
      const NetlinkMessage::Nest data(message, IFLA_INFO_DATA);
      const NetlinkMessage::Nest end(message, VETH_INFO_PEER);
      message.append(ifinfomsg{});
      message.put(IFLA_IFNAME, peer);
    }
  }
  netlink.request(message, "make " + kind + " interface", name);
}

void make_interface_on(const Netlink& netlink, const std::string& kind, const std::string& name,
                       const Interface& lower) {
  NetlinkMessage message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  message.put(IFLA_IFNAME, name);
  message.put(IFLA_LINK, static_cast<uint32_t>(lower.index));
  {
    const NetlinkMessage::Nest info(message, IFLA_LINKINFO);
    message.put(IFLA_INFO_KIND, kind);
  }
  netlink.request(message, "make " + kind + " interface on '" + lower.name + "'", name);
}

void remove_interface(const Netlink& netlink, const Interface& interface) {
  NetlinkMessage message(RTM_DELLINK, 0, link_of(interface));
  netlink.request(message, "remove interface", interface.name);
}

void raise_interface(const Netlink& netlink, const Interface& interface) {
  ifinfomsg header = link_of(interface);
  header.ifi_flags = header.ifi_change = IFF_UP;
  NetlinkMessage message(RTM_NEWLINK, 0, header);
  netlink.request(message, "raise interface", interface.name);
}

void move_interface(const Netlink& netlink, const Interface& interface, int network_namespace,
                    const std::string& name) {
  NetlinkMessage message(RTM_NEWLINK, 0, link_of(interface));
  message.put(IFLA_NET_NS_FD, static_cast<uint32_t>(network_namespace));
  message.put(IFLA_IFNAME, name);
  netlink.request(message, "move interface", interface.name);
}

std::vector<Address> global_addresses(const Netlink& netlink, const Interface& interface) {
  constexpr int kTries = 10;
  for (int i = 0;; ++i) {
    std::vector<Address> addresses;
    NetlinkMessage message(RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{});
    const bool consistent = netlink.ask(
        message, "list addresses of interface", interface.name, [&](const Answer& answer) {
          const auto header = answer.header<ifaddrmsg>();
          if (static_cast<int>(header.ifa_index) != interface.index) return;
          const auto address = read_address(header, answer.attributes<ifaddrmsg>());
          if (address) addresses.push_back(*address);
        });
    if (consistent) return addresses;
    if (i == kTries) throw Error("list addresses of interface", interface.name, EAGAIN);
  }
}

void add_address(const Netlink& netlink, const Interface& interface, const Address& address) {
  ifaddrmsg header{};
  header.ifa_family = static_cast<uint8_t>(address.ip.family);
  header.ifa_prefixlen = static_cast<uint8_t>(address.prefix);
  header.ifa_scope = RT_SCOPE_UNIVERSE;
  header.ifa_index = static_cast<uint32_t>(interface.index);
  NetlinkMessage message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header);
  message.put(IFA_LOCAL, address.ip.bytes());
  message.put(IFA_ADDRESS, address.peer.value_or(address.ip).bytes());
  if (address.broadcast) message.put(IFA_BROADCAST, address.broadcast->bytes());
  if (address.flags != 0) message.put(IFA_FLAGS, address.flags);
  netlink.request(message, "add address " + address.text() + " to interface", interface.name);
}

}  // namespace berth::runtime::network
