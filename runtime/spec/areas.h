// The parser's parts, one for each area of config.json. Private to this folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json_node.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::spec {

using Node = JsonNode;  // of config.json

using Warnings = std::vector<std::string>;

Process parse_process(const Node& node, Warnings& warnings);
std::vector<std::string> parse_environment(const Node& node);  // NAME=value
Scheduler parse_scheduler(const Node& node);
IoPriority parse_io_priority(const Node& node);
CpuAffinity parse_cpu_affinity(const Node& node);
// `uidMappings` or `gidMappings`; none where it is absent.
std::vector<IdMapping> parse_mappings(const Node& parent, std::string_view key);
Linux parse_linux(const Node& node, Warnings& warnings);
std::optional<unsigned long> parse_personality(const Node& node, Warnings& warnings);
MemoryPolicy parse_memory_policy(const Node& node);
std::vector<TimeOffset> parse_time_offsets(const Node& node);
std::vector<NetDevice> parse_net_devices(const Node& node,
                                         const std::vector<Namespace>& namespaces);
IntelRdt parse_intel_rdt(const Node& node);
// A list of CPUs or memory nodes for the kernel to read. Groups (`0-31:1/4`) and `N` are its own.
std::string parse_kernel_list(const Node& parent, std::string_view key);
// What no part of the file can tell alone: each of these is right, and together they cannot be.
void refuse_contradictions(const Node& top, const Spec& spec);
// `0-3,8` in ascending order, each once; nothing for an empty string.
std::vector<unsigned> parse_index_list(const Node& node);
Resources parse_resources(const Node& node);
Seccomp parse_seccomp(const Node& node);

// The names of a parser's table, for known.h.
template <class Table>
std::vector<std::string> names_in(const Table& table) {
  std::vector<std::string> names;
  for (const auto& entry : table) {
    if constexpr (requires { entry.name; }) {
      names.emplace_back(entry.name);
    } else {
      names.emplace_back(entry);
    }
  }
  return names;
}

// `KIND: one of A, B, C`, for a message about a name that is not in a parser's table.
template <class Table>
std::string one_of(std::string_view kind, const Table& table) {
  std::string text(kind);
  std::string_view before = ": one of ";
  for (const std::string& name : names_in(table)) {
    text.append(before).append(name);
    before = ", ";
  }
  return text;
}

}  // namespace berth::runtime::spec
