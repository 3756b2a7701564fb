// linux.netDevices: interfaces of the host that move into the container.
#include <net/if.h>

#include <algorithm>

#include "runtime/spec/areas.h"

namespace berth::runtime::spec {
namespace {

// What the kernel takes (net/core/dev.c, dev_valid_name).
void require_interface(const Node& node, std::string_view name) {
  const bool taken = !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." &&
                     name.find_first_of("/: \t\n\v\f\r") == std::string_view::npos;
  if (!taken) node.fail(in_quotes(name) + " is not the name of a network interface");
}

}  // namespace

void check_net_devices(const Node& node, const std::vector<Namespace>& namespaces,
                       Warnings& warnings) {
  std::vector<std::string> names;  // in the container
  for (const Node& device : node.properties()) {
    require_interface(device, device.key());
    const auto given = device.find("name");
    const std::string name = given ? given->string() : std::string();
    if (!name.empty()) require_interface(*given, name);
    names.push_back(name.empty() ? std::string(device.key()) : name);
    if (std::ranges::count(names, names.back()) > 1) {
      (given ? *given : device).fail(in_quotes(names.back()) + " is given twice");
    }
  }
  if (names.empty()) return;
  if (std::ranges::find(namespaces, NamespaceType::network, &Namespace::type) == namespaces.end()) {
    node.fail("needs a namespace of type 'network'");
  }
  warnings.push_back(node.path() + ": left out: this version moves no network interfaces");
}

}  // namespace berth::runtime::spec
