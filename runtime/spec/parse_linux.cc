// linux: namespaces, id mappings, devices, sysctls, paths. Limits and seccomp have their own files.
#include <algorithm>
#include <array>

#include "runtime/spec/areas.h"
#include "runtime/spec/known.h"

namespace berth::runtime::spec {
namespace {

struct NamedNamespace {
  std::string_view name;
  NamespaceType type;
};
constexpr auto kNamespaces = std::to_array<NamedNamespace>({
    {"mount", NamespaceType::mount},
    {"pid", NamespaceType::pid},
    {"network", NamespaceType::network},
    {"ipc", NamespaceType::ipc},
    {"uts", NamespaceType::uts},
    {"user", NamespaceType::user},
    {"cgroup", NamespaceType::cgroup},
    {"time", NamespaceType::time},
});

constexpr auto kPropagations = std::to_array<std::string_view>(
    {"private", "rprivate", "slave", "rslave", "shared", "rshared", "unbindable", "runbindable"});

Namespace parse_namespace(const Node& node, const std::vector<Namespace>& before) {
  const Node type = node.at("type");
  const auto found = std::ranges::find(kNamespaces, type.string(), &NamedNamespace::name);
  if (found == kNamespaces.end()) type.fail_value("is not " + one_of("a namespace", kNamespaces));
  if (std::ranges::find(before, found->type, &Namespace::type) != before.end()) {
    type.fail_value("is given twice");
  }
  Namespace space{.type = found->type, .path = {}};
  // Some engines write "" for a new one.
  if (const auto path = node.find("path"); path && !path->string().empty()) {
    space.path = path->absolute_path();
  }
  return space;
}

bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size) {
  return a < uint64_t{b} + b_size && b < uint64_t{a} + a_size;
}

Device parse_device(const Node& node) {
  const Node type = node.at("type");
  const std::string name = type.string();
  if (name != "c" && name != "b" && name != "u" && name != "p") {
    type.fail_value("is not one of c, b, u, p");
  }
  const Node path = node.at("path");
  Device device;
  device.path = path.absolute_path();
  device.type = name[0];
  while (device.path.ends_with('/')) device.path.pop_back();
  if (device.path.empty()) path.fail_value("is not the path of a device");
  // A fifo has none, whatever is said.
  if (device.type != 'p') {
    device.major = node.at("major").integer<int64_t>(0, 0xfff);
    device.minor = node.at("minor").integer<int64_t>(0, 0xfffff);
  }
  // Some tools write the file type's bits with the mode.
  if (const auto mode = node.integer_if<uint32_t>("fileMode")) device.file_mode = *mode & 07777;
  device.uid = node.integer_if<uint32_t>("uid");
  device.gid = node.integer_if<uint32_t>("gid");
  return device;
}

// The same device twice is harmless, and what some engines write.
std::vector<Device> parse_devices(const Node& node) {
  std::vector<Device> devices;
  for (const Node& element : node.elements()) {
    Device device = parse_device(element);
    for (const Device& other : devices) {
      const bool same =
          device.type == other.type && device.major == other.major && device.minor == other.minor;
      if (device.path == other.path && !same) {
        element.at("path").fail_value("is given twice, for different devices");
      }
    }
    devices.push_back(std::move(device));
  }
  return devices;
}

// Both absolute and relative paths begin at a group of the runtime's choice.
std::string parse_cgroups_path(const Node& node) {
  std::string path = node.string();
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    if (part == "..") node.fail_value("leads out of its place: no part of it may be '..'");
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  }
  if (path.find('\n') != std::string::npos) node.fail_value("contains a line end");
  return path;
}

// The namespace that makes a kernel parameter the container's own; nothing where none does.
std::optional<NamespaceType> namespace_of_sysctl(std::string_view name) {
  constexpr auto kIpc = std::to_array<std::string_view>(
      {"kernel.auto_msgmni", "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
       "kernel.shm_next_id", "kernel.shm_rmid_forced", "kernel.shmall", "kernel.shmmax",
       "kernel.shmmni", "kernel.msg_next_id", "kernel.sem_next_id"});
  if (name.starts_with("net.")) return NamespaceType::network;
  if (name.starts_with("fs.mqueue.")) return NamespaceType::ipc;
  if (std::ranges::find(kIpc, name) != kIpc.end()) return NamespaceType::ipc;
  if (name == "kernel.domainname" || name == "kernel.hostname") return NamespaceType::uts;
  return std::nullopt;
}

std::map<std::string, std::string> parse_sysctls(const Node& node,
                                                 const std::vector<Namespace>& namespaces) {
  for (const Node& property : node.properties()) {
    // Both `net.ipv4.x` and `net/ipv4/x` are in use; an empty part could become `..`.
    std::string name(property.key());
    std::ranges::replace(name, '/', '.');
    if (name.empty() || name.starts_with('.') || name.ends_with('.') ||
        name.find("..") != std::string::npos) {
      property.fail("is not the name of a kernel parameter");
    }
    if (name == "kernel.hostname") property.fail("conflicts with the property hostname: use that");
    const auto type = namespace_of_sysctl(name);
    if (!type) property.fail("is not kept per namespace: it would change the host");
    const auto named = std::ranges::find(kNamespaces, *type, &NamedNamespace::type);
    if (std::ranges::find(namespaces, *type, &Namespace::type) == namespaces.end()) {
      property.fail("needs a namespace of type '" + std::string(named->name) +
                    "': it would change the host");
    }
  }
  return node.string_map();
}

std::vector<std::string> parse_paths(const Node& parent, std::string_view key) {
  std::vector<std::string> paths;
  const auto node = parent.find(key);
  if (!node) return paths;
  for (const Node& element : node->elements()) paths.push_back(element.absolute_path());
  return paths;
}

std::string parse_propagation(const Node& node) {
  std::string propagation = node.string();
  if (!propagation.empty() &&
      std::ranges::find(kPropagations, propagation) == kPropagations.end()) {
    node.fail_value("is not one of private, slave, shared, unbindable, or these with r before");
  }
  return propagation;
}

// Mappings without a user namespace would silently not apply; nor would one kind alone.
void require_user_namespace(const Node& node, const Linux& result) {
  if (result.uid_mappings.empty() && !result.gid_mappings.empty()) {
    node.fail_absent("uidMappings", "missing: linux.gidMappings is given");
  }
  if (result.gid_mappings.empty() && !result.uid_mappings.empty()) {
    node.fail_absent("gidMappings", "missing: linux.uidMappings is given");
  }
  const bool has = std::ranges::find(result.namespaces, NamespaceType::user, &Namespace::type) !=
                   result.namespaces.end();
  if (has) return;
  if (!result.uid_mappings.empty()) node.at("uidMappings").fail("needs a namespace of type 'user'");
  if (!result.gid_mappings.empty()) node.at("gidMappings").fail("needs a namespace of type 'user'");
}

// A namespace's clocks are set once, by who makes it.
void require_own_time(const Node& offsets, const Linux& result) {
  if (result.time_offsets.empty()) return;
  const auto found = std::ranges::find(result.namespaces, NamespaceType::time, &Namespace::type);
  if (found == result.namespaces.end()) offsets.fail("needs a namespace of type 'time'");
  if (!found->path.empty()) offsets.fail("cannot be set in a time namespace that is joined");
}

}  // namespace

std::vector<std::string> known_namespaces() {
  return names_in(kNamespaces);
}

std::vector<IdMapping> parse_mappings(const Node& parent, std::string_view key) {
  constexpr size_t kMostLines = 340;  // the kernel's limit (user_namespaces(7))
  constexpr uint64_t kIds = uint64_t{1} << 32;
  std::vector<IdMapping> mappings;
  const auto node = parent.find(key);
  if (!node) return mappings;
  for (const Node& element : node->elements()) {
    const IdMapping mapping{.container_id = element.at("containerID").integer<uint32_t>(),
                            .host_id = element.at("hostID").integer<uint32_t>(),
                            .size = element.at("size").integer<uint32_t>(1)};
    if (std::max(mapping.container_id, mapping.host_id) + uint64_t{mapping.size} >= kIds) {
      element.fail("goes beyond the last id");
    }
    for (const IdMapping& other : mappings) {
      if (overlap(mapping.container_id, mapping.size, other.container_id, other.size)) {
        element.fail("overlaps another mapping's container ids");
      }
      if (overlap(mapping.host_id, mapping.size, other.host_id, other.size)) {
        element.fail("overlaps another mapping's host ids");
      }
    }
    mappings.push_back(mapping);
    if (mappings.size() > kMostLines) node->fail("has more than 340 mappings");
  }
  return mappings;
}

Linux parse_linux(const Node& node, Warnings& warnings) {
  Linux result;
  if (const auto namespaces = node.find("namespaces")) {
    for (const Node& element : namespaces->elements()) {
      result.namespaces.push_back(parse_namespace(element, result.namespaces));
    }
  }
  result.uid_mappings = parse_mappings(node, "uidMappings");
  result.gid_mappings = parse_mappings(node, "gidMappings");
  require_user_namespace(node, result);
  if (const auto devices = node.find("devices")) result.devices = parse_devices(*devices);
  if (const auto path = node.find("cgroupsPath")) result.cgroups_path = parse_cgroups_path(*path);
  if (const auto resources = node.find("resources")) result.resources = parse_resources(*resources);
  if (const auto seccomp = node.find("seccomp")) result.seccomp = parse_seccomp(*seccomp);
  if (const auto sysctl = node.find("sysctl")) {
    result.sysctl = parse_sysctls(*sysctl, result.namespaces);
  }
  result.masked_paths = parse_paths(node, "maskedPaths");
  result.readonly_paths = parse_paths(node, "readonlyPaths");
  if (const auto propagation = node.find("rootfsPropagation")) {
    result.rootfs_propagation = parse_propagation(*propagation);
  }
  if (const auto personality = node.find("personality")) {
    result.personality = parse_personality(*personality, warnings);
  }
  if (const auto policy = node.find("memoryPolicy")) {
    result.memory_policy = parse_memory_policy(*policy);
  }
  if (const auto offsets = node.find("timeOffsets")) {
    result.time_offsets = parse_time_offsets(*offsets);
    require_own_time(*offsets, result);
  }
  if (const auto devices = node.find("netDevices")) {
    result.net_devices = parse_net_devices(*devices, result.namespaces);
  }
  if (const auto rdt = node.find("intelRdt")) result.intel_rdt = parse_intel_rdt(*rdt);
  result.mount_label = node.string_or("mountLabel", "");
  return result;
}

}  // namespace berth::runtime::spec
