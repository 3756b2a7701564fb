// The parser's parts, one for each area of config.json. Private to this folder.
#pragma once

#include "base/json_node.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::spec {

using Node = JsonNode;  // of config.json

using Warnings = std::vector<std::string>;

Process parse_process(const Node& node, Warnings& warnings);
Scheduler parse_scheduler(const Node& node);
IoPriority parse_io_priority(const Node& node);
CpuAffinity parse_cpu_affinity(const Node& node);
Linux parse_linux(const Node& node, Warnings& warnings);
std::optional<unsigned long> parse_personality(const Node& node, Warnings& warnings);
MemoryPolicy parse_memory_policy(const Node& node);
std::vector<TimeOffset> parse_time_offsets(const Node& node);
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

}  // namespace berth::runtime::spec
