#include "runtime/network/route.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/json_node.h"
#include "runtime/network/interface.h"
#include "runtime/network/interface_name.h"

namespace berth::runtime::network {
namespace {

int family_of(const Route& route) {
  if (route.destination) return route.destination->ip.family;
  if (route.gateway) return route.gateway->family;
  return route.source ? route.source->family : AF_INET;
}

void check_family(const char* part, const std::optional<Ip>& ip, int family,
                  const std::string& other) {
  if (!ip || ip->family == family) return;
  throw Error(std::string(part) + ": " + in_quotes(ip->text()) + " is of another family than " +
              in_quotes(other));
}

}  // namespace

std::string Route::text() const {
  return destination ? destination->text() : "default";
}

std::optional<Subnet> parse_destination(std::string_view text) {
  if (text == "default") return std::nullopt;
  if (text.find('/') == std::string_view::npos) {
    throw Error(in_quotes(text) + " is neither 'default' nor an IP subnet with a prefix length");
  }
  return parse_subnet(text);
}

void check_route(const Route& route) {
  if (!route.gateway && route.interface.empty()) {
    throw Error("gateway: missing, and so is interface: the route leads nowhere");
  }
  if (!route.interface.empty() && !is_interface_name(route.interface)) {
    throw Error("interface: " + in_quotes(route.interface) +
                " is not the name of a network interface");
  }
  const int family = family_of(route);
  check_family("gateway", route.gateway, family, route.text());
  const bool by_gateway = !route.destination && route.gateway;
  check_family("source", route.source, family, by_gateway ? route.gateway->text() : route.text());
}

void add_route(const Netlink& netlink, const Route& route) {
  check_route(route);
  rtmsg header{};
  header.rtm_family = static_cast<uint8_t>(family_of(route));
  header.rtm_dst_len = static_cast<uint8_t>(route.destination ? route.destination->prefix : 0);
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_scope = route.gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  header.rtm_type = RTN_UNICAST;
  NetlinkMessage message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, header);
  if (header.rtm_dst_len != 0) message.put(RTA_DST, route.destination->ip.bytes());
  if (route.gateway) message.put(RTA_GATEWAY, route.gateway->bytes());
  if (route.source) message.put(RTA_PREFSRC, route.source->bytes());
  if (!route.interface.empty()) {
    const int index = get_interface(netlink, route.interface).index;
    message.put(RTA_OIF, static_cast<uint32_t>(index));
  }
  netlink.request(message, "add route to", route.text());
}

}  // namespace berth::runtime::network
