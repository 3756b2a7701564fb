#include "runtime/container/container_network.h"

#include <fcntl.h>

#include "base/error.h"
#include "base/file.h"
#include "runtime/service/interfaces.h"

namespace berth::runtime {
namespace {

std::vector<spec::NetDevice> moved_by(const service::Service* service) {
  std::vector<spec::NetDevice> devices;
  if (service == nullptr) return devices;
  for (const service::Interface& interface : service->interfaces) {
    if (interface.is_moved()) devices.push_back({interface.name, {}});
  }
  return devices;
}

}  // namespace

ContainerNetwork::ContainerNetwork(const spec::Spec& spec, const service::Service* service)
    : service_(service),
      devices_(spec.linux_.net_devices, "linux.netDevices"),
      of_service_(moved_by(service), "runtime.json: interfaces") {
  if (by_service() && spec.find_namespace(spec::NamespaceType::network) == nullptr) {
    throw Error("runtime.json: interfaces: the container has no network namespace of its own");
  }
}

void ContainerNetwork::make(pid_t process, service::ActLog* acts) {
  if (!devices_.empty()) devices_.move_to(process);
  if (!by_service()) return;
  service::make_on_host(*service_, *acts);
  if (!of_service_.empty()) of_service_.move_to(process);
  const UniqueFd space =
      open_file(AT_FDCWD, "/proc/" + std::to_string(process) + "/ns/net", O_RDONLY);
  service::furnish(*service_, space.get());
}

std::vector<std::string> ContainerNetwork::give_back() {
  std::vector<std::string> lost = of_service_.give_back();
  for (std::string& line : devices_.give_back()) lost.push_back(std::move(line));
  return lost;
}

}  // namespace berth::runtime
