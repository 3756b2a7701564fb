// A bundle's runtime.json: what a service needs before its container is made, and around it. The
// format is the one that LinuxKit's init uses (pkg/init, cmd/service); routes and an interface's
// addresses are additions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/network/address.h"
#include "runtime/network/route.h"
#include "runtime/rootfs/mount_options.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::service {

// Of the host: paths are the host's own.
struct Mount {
  std::string source, destination, type;
  rootfs::MountOptions options;
};

struct BoundNamespace {
  spec::NamespaceType type = spec::NamespaceType::network;
  std::string path;
};

// One that the container gets. Without a kind it is the host's, and is found there by its name.
struct Interface {
  std::string name;
  std::string kind;  // `veth`, `dummy`, ...: it is made; empty: it is there
  // A veth's other end, which stays on the host; of another kind the host's interface that it is
  // on.
  std::string peer;
  bool made_on_host = false;  // and then moved; else made in the container's network namespace
  std::vector<network::Address> addresses;  // beside those that it has
  bool is_moved() const { return kind.empty() || made_on_host; }
};

struct Service {
  std::vector<std::string> cgroups;  // below every hierarchy's root: `pods/7`
  std::vector<Mount> mounts;
  std::vector<std::string> directories;
  std::vector<Interface> interfaces;
  std::vector<network::Route> routes;  // of the container
  std::vector<BoundNamespace> namespaces;
  bool has_network() const { return !interfaces.empty() || !routes.empty(); }
};

// Throws Error: `runtime.json: mounts[1].destination: ...`.
Service parse_service(std::string_view json);

// Nothing where the bundle has no such file. Throws Error where it, or the bundle itself, could
// have been written by others than `owner` (0 but in tests).
std::optional<Service> load_service(int bundle, const std::string& name, uid_t owner = 0);
bool has_service(int bundle);

}  // namespace berth::runtime::service
