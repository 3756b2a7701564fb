#include "runtime/service/interfaces.h"

#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "runtime/network/interface.h"

namespace berth::runtime::service {
namespace {

std::string key_of(size_t position, const char* list) {
  return "runtime.json: " + std::string(list) + "[" + std::to_string(position) + "]";
}

std::string bound_network_namespace(const Service& service) {
  const auto found =
      std::ranges::find(service.namespaces, spec::NamespaceType::network, &BoundNamespace::type);
  return found == service.namespaces.end() ? std::string() : found->path;
}

void make_one(const Interface& wanted, const network::Netlink& here) {
  if (wanted.peer.empty() || wanted.kind == "veth") {
    return network::make_interface(here, wanted.kind, wanted.name, wanted.peer);
  }
  network::make_interface_on(here, wanted.kind, wanted.name,
                             network::get_interface(here, wanted.peer));
}

void furnish(const Interface& wanted, const network::Netlink& there) {
  if (!wanted.is_moved()) network::make_interface(there, wanted.kind, wanted.name);
  if (wanted.addresses.empty()) return;
  const network::Interface made = network::get_interface(there, wanted.name);
  for (const network::Address& address : wanted.addresses) {
    network::add_address(there, made, address);
  }
  network::raise_interface(there, made);
}

// Hardware comes home by itself, a moment after the last one left its network namespace.
bool comes_home(const network::Netlink& here, const std::string& name) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (!network::find_interface(here, name)) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

bool is_brought_home(const network::Netlink& here, const Act& act) {
  if (act.network_namespace.empty()) return false;
  const UniqueFd bound = open_file(AT_FDCWD, act.network_namespace, O_RDONLY | O_NONBLOCK);
  const network::Netlink there(bound.get());
  const auto away = network::find_interface(there, act.path);
  if (!away) return false;
  const UniqueFd own = open_file(AT_FDCWD, "/proc/self/ns/net", O_RDONLY);
  const std::vector<network::Address> addresses = network::global_addresses(there, *away);
  network::move_interface(there, *away, own.get(), act.path);
  const network::Interface home = network::get_interface(here, act.path);
  for (const network::Address& address : addresses) network::add_address(here, home, address);
  if (away->is_up()) network::raise_interface(here, home);
  return true;
}

}  // namespace

void make_on_host(const Service& service, ActLog& log) {
  const network::Netlink here;
  for (size_t i = 0; i < service.interfaces.size(); ++i) {
    const Interface& wanted = service.interfaces[i];
    if (wanted.kind.empty()) {
      Act act{.kind = Act::Kind::move_interface, .path = wanted.name};
      act.network_namespace = bound_network_namespace(service);
      log.about_to(act);
    } else if (wanted.made_on_host) {
      try {
        make_one(wanted, here);
      } catch (const Error& error) {
        throw error.within(key_of(i, "interfaces"));
      }
      // A veth's other end: the one that stays, and goes with this one.
      const std::string& name = wanted.kind == "veth" ? wanted.peer : wanted.name;
      Act act{.kind = Act::Kind::make_interface, .path = name};
      act.index = network::get_interface(here, name).index;
      log.about_to(act);
    }
  }
}

void furnish(const Service& service, int network_namespace) {
  const network::Netlink there(network_namespace);
  for (size_t i = 0; i < service.interfaces.size(); ++i) {
    try {
      furnish(service.interfaces[i], there);
    } catch (const Error& error) {
      throw error.within(key_of(i, "interfaces"));
    }
  }
  for (size_t i = 0; i < service.routes.size(); ++i) {
    try {
      network::add_route(there, service.routes[i]);
    } catch (const Error& error) {
      throw error.within(key_of(i, "routes"));
    }
  }
}

std::optional<std::string> take_back_interface(const Act& act) {
  const network::Netlink here;
  if (act.kind == Act::Kind::make_interface) {
    const auto found = network::find_interface(here, act.path);
    // Another of that name is somebody else's.
    if (!found || found->index != act.index) return std::nullopt;
    try {
      network::remove_interface(here, *found);
    } catch (const Error& error) {
      if (error.code() != ENODEV) throw;  // its network namespace went meanwhile
    }
    return std::nullopt;
  }
  if (network::find_interface(here, act.path)) return std::nullopt;
  if (is_brought_home(here, act) || comes_home(here, act.path)) return std::nullopt;
  return "could not bring back interface '" + act.path +
         "': it went with the container's network namespace";
}

}  // namespace berth::runtime::service
