#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json_node.h"
#include "runtime/network/interface_name.h"
#include "runtime/service/service.h"

namespace berth::runtime::service {
namespace {

using spec::NamespaceType;

// Below the hierarchies' roots, and never out of them again.
std::string cgroup_path(const JsonNode& node) {
  std::string path = node.string();
  path.erase(0, path.find_first_not_of('/'));
  while (path.ends_with('/')) path.pop_back();
  const std::string framed = "/" + path + "/";
  if (path.empty() || framed.find("/../") != std::string::npos ||
      framed.find("/./") != std::string::npos || framed.find("//") != std::string::npos) {
    node.fail_value("is not the path of a cgroup, such as pods/7");
  }
  return path;
}

Mount parse_mount(const JsonNode& node) {
  node.allow_only({"destination", "type", "source", "options"});
  Mount mount;
  mount.destination = node.at("destination").absolute_path();
  mount.type = node.string_or("type", "");
  mount.source = node.string_or("source", "");
  const auto options = node.find("options");
  try {
    if (options) mount.options = rootfs::parse_options(options->strings());
  } catch (const Error& error) {
    options->fail(error.message());
  }
  const rootfs::MountOptions& said = mount.options;
  if (said.id_map || said.copy_up || said.copy_link || said.source_link ||
      said.over_destination_link) {
    options->fail("idmap, tmpcopyup and the options on links are for a container's own mounts");
  }
  const bool changes = said.remount || !said.propagation.empty();
  if (said.bind && mount.source.empty()) node.fail_absent("source", "a bind mount has one");
  if (!said.bind && !changes && mount.type.empty()) {
    node.fail_absent("type", "neither a file system nor a bind mount");
  }
  return mount;
}

std::string interface_name(const JsonNode& node) {
  std::string name = node.string();
  if (!network::is_interface_name(name) || network::is_interface_template(name)) {
    node.fail_value("is not the name of a network interface");
  }
  return name;
}

// The error of a value's own parser, at its place in the file.
template <class Parse>
auto parsed(const JsonNode& node, const Parse& parse) {
  try {
    return parse(node.string());
  } catch (const Error& error) {
    node.fail(error.message());
  }
}

Interface parse_interface(const JsonNode& node) {
  node.allow_only({"name", "add", "peer", "createInRoot", "addresses"});
  Interface interface;
  interface.name = interface_name(node.at("name"));
  interface.kind = node.string_or("add", "");
  const auto peer = node.find("peer");
  if (peer && !peer->string().empty()) {
    interface.peer = interface_name(*peer);
    if (interface.kind.empty()) interface.kind = "veth";
    if (interface.peer == interface.name) peer->fail_value("is its own name");
  } else if (interface.kind == "veth") {
    node.fail_absent("peer", "a veth has two ends");
  }
  interface.made_on_host = !interface.peer.empty() || node.boolean_or("createInRoot", false);
  if (interface.made_on_host && interface.kind.empty()) {
    node.fail_absent("add", "createInRoot: nothing is made");
  }
  if (const auto addresses = node.find("addresses")) {
    for (const JsonNode& address : addresses->elements()) {
      interface.addresses.push_back(parsed(address, network::parse_address));
    }
  }
  return interface;
}

network::Route parse_route(const JsonNode& node) {
  node.allow_only({"destination", "source", "gateway", "interface"});
  network::Route route;
  route.destination = parsed(node.at("destination"), network::parse_destination);
  if (const auto source = node.find("source")) route.source = parsed(*source, network::parse_ip);
  if (const auto gateway = node.find("gateway")) {
    route.gateway = parsed(*gateway, network::parse_ip);
  }
  if (const auto interface = node.find("interface")) route.interface = interface_name(*interface);
  try {
    network::check_route(route);
  } catch (const Error& error) {
    node.fail(error.message());
  }
  return route;
}

std::vector<BoundNamespace> parse_namespaces(const JsonNode& node) {
  constexpr std::pair<const char*, NamespaceType> kKinds[] = {
      {"cgroup", NamespaceType::cgroup}, {"ipc", NamespaceType::ipc}, {"mnt", NamespaceType::mount},
      {"net", NamespaceType::network},   {"pid", NamespaceType::pid}, {"user", NamespaceType::user},
      {"uts", NamespaceType::uts}};
  node.allow_only({"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"});
  std::vector<BoundNamespace> bound;
  for (const auto& [key, type] : kKinds) {
    const auto path = node.find(key);
    if (!path || path->string().empty()) continue;
    bound.push_back({type, path->absolute_path()});
    const auto same = [&](const BoundNamespace& other) { return other.path == bound.back().path; };
    if (std::ranges::count_if(bound, same) > 1) path->fail_value("is given twice");
  }
  return bound;
}

}  // namespace

Service parse_service(std::string_view json) {
  const nlohmann::json value = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) throw Error("runtime.json: not valid JSON");
  const JsonNode root(value, "runtime.json");
  // LinuxKit's init runs services in containerd, in the namespace that `namespace` names.
  root.allow_only({"cgroups", "mounts", "mkdir", "interfaces", "routes", "bindNS", "namespace"});
  Service service;
  if (const auto cgroups = root.find("cgroups")) {
    for (const JsonNode& node : cgroups->elements()) {
      service.cgroups.push_back(cgroup_path(node));
    }
  }
  if (const auto mounts = root.find("mounts")) {
    for (const JsonNode& node : mounts->elements()) service.mounts.push_back(parse_mount(node));
  }
  if (const auto mkdir = root.find("mkdir")) {
    for (const JsonNode& node : mkdir->elements()) {
      service.directories.push_back(node.absolute_path());
    }
  }
  if (const auto interfaces = root.find("interfaces")) {
    for (const JsonNode& node : interfaces->elements()) {
      service.interfaces.push_back(parse_interface(node));
      const auto same = [&](const Interface& other) {
        return other.name == service.interfaces.back().name;
      };
      if (std::ranges::count_if(service.interfaces, same) > 1) {
        node.at("name").fail_value("is given twice");
      }
    }
  }
  if (const auto routes = root.find("routes")) {
    for (const JsonNode& node : routes->elements()) service.routes.push_back(parse_route(node));
  }
  if (const auto bound = root.find("bindNS")) service.namespaces = parse_namespaces(*bound);
  return service;
}

}  // namespace berth::runtime::service
