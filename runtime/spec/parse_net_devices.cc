// linux.netDevices: interfaces of the host that move into the container.
#include <algorithm>

#include "runtime/network/interface_name.h"
#include "runtime/spec/areas.h"

namespace berth::runtime::spec {
namespace {

void require_name(const Node& node, std::string_view name, bool may_be_template) {
  const bool taken =
      network::is_interface_name(name) || (may_be_template && network::is_interface_template(name));
  if (!taken) node.fail(in_quotes(name) + " is not the name of a network interface");
}

NetDevice parse_net_device(const Node& node) {
  NetDevice device{.host_name = std::string(node.key()), .name = node.string_or("name", "")};
  require_name(node, device.host_name, false);
  if (!device.name.empty()) require_name(node.at("name"), device.name, true);
  return device;
}

// A template's name is one that is free.
bool would_collide(const NetDevice& a, const NetDevice& b) {
  const std::string& name = a.container_name();
  return name == b.container_name() && !network::is_interface_template(name);
}

}  // namespace

std::vector<NetDevice> parse_net_devices(const Node& node,
                                         const std::vector<Namespace>& namespaces) {
  std::vector<NetDevice> devices;
  for (const Node& property : node.properties()) {
    const NetDevice device = parse_net_device(property);
    const auto collides = [&](const NetDevice& other) { return would_collide(device, other); };
    if (std::ranges::any_of(devices, collides)) {
      const auto given = property.find("name");
      (given ? *given : property).fail(in_quotes(device.container_name()) + " is given twice");
    }
    devices.push_back(device);
  }
  const bool has_namespace =
      std::ranges::find(namespaces, NamespaceType::network, &Namespace::type) != namespaces.end();
  if (!devices.empty() && !has_namespace) node.fail("needs a namespace of type 'network'");
  return devices;
}

}  // namespace berth::runtime::spec
