// linux.memoryPolicy: on which NUMA nodes the program's memory is.
#include <linux/mempolicy.h>

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/spec/areas.h"
#include "runtime/spec/index_list.h"
#include "runtime/spec/known.h"

#ifndef MPOL_F_NUMA_BALANCING
#define MPOL_F_NUMA_BALANCING (1 << 13)  // Linux 5.12
#endif

namespace berth::runtime::spec {
namespace {

enum class Nodes { none, some, either };
struct Mode {
  std::string_view name;
  int value;
  Nodes nodes;
};
constexpr int kPreferredMany = 5;       // Linux 5.15
constexpr int kWeightedInterleave = 6;  // Linux 6.9
constexpr auto kModes =
    std::to_array<Mode>({{"MPOL_DEFAULT", MPOL_DEFAULT, Nodes::none},
                         {"MPOL_PREFERRED", MPOL_PREFERRED, Nodes::either},
                         {"MPOL_BIND", MPOL_BIND, Nodes::some},
                         {"MPOL_INTERLEAVE", MPOL_INTERLEAVE, Nodes::some},
                         {"MPOL_LOCAL", MPOL_LOCAL, Nodes::none},
                         {"MPOL_PREFERRED_MANY", kPreferredMany, Nodes::some},
                         {"MPOL_WEIGHTED_INTERLEAVE", kWeightedInterleave, Nodes::some}});

struct Flag {
  std::string_view name;
  int value;
};
constexpr auto kFlags = std::to_array<Flag>({{"MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING},
                                             {"MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES},
                                             {"MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES}});

// What the kernel says EINVAL to (mm/mempolicy.c, mpol_new and sanitize_mpol_flags).
void refuse_misplaced(const Node& node, const Flag& flag, const Mode& mode, bool has_nodes) {
  if (flag.value == MPOL_F_NUMA_BALANCING) {
    if (mode.value != MPOL_BIND && mode.value != kPreferredMany) {
      node.fail_value("is for MPOL_BIND and MPOL_PREFERRED_MANY, not " + std::string(mode.name));
    }
  } else if (!has_nodes && mode.value != MPOL_DEFAULT) {
    node.fail_value("needs nodes");
  }
}

std::vector<unsigned> parse_nodes(const Node& node) {
  auto nodes = index_list(node.string());
  if (!nodes) {
    node.fail_value(
        "has an invalid memory policy node: it is not a list of numbers, as '0-3,8' is");
  }
  return std::move(*nodes);
}

}  // namespace

std::vector<std::string> known_memory_policy_modes() {
  return names_in(kModes);
}

std::vector<std::string> known_memory_policy_flags() {
  return names_in(kFlags);
}

MemoryPolicy parse_memory_policy(const Node& node) {
  if (!node.find("mode")) node.fail_absent("mode", "invalid memory policy mode: missing");
  const Node name = node.at("mode");
  MemoryPolicy policy;
  policy.name = name.string();
  const auto mode = std::ranges::find(kModes, policy.name, &Mode::name);
  if (mode == kModes.end()) {
    name.fail_value("is an " + one_of("invalid memory policy mode", kModes));
  }
  policy.mode = mode->value;
  const auto nodes = node.find("nodes");
  if (nodes) policy.nodes = parse_nodes(*nodes);
  if (mode->nodes == Nodes::none && !policy.nodes.empty()) {
    nodes->fail(policy.name + " mode requires 0 nodes but got " +
                std::to_string(policy.nodes.size()));
  }
  if (mode->nodes == Nodes::some && policy.nodes.empty()) {
    node.fail_absent("nodes", policy.name + " mode requires at least one node but got 0");
  }
  if (const auto flags = node.find("flags")) {
    for (const Node& element : flags->elements()) {
      const auto flag = std::ranges::find(kFlags, element.string(), &Flag::name);
      if (flag == kFlags.end()) {
        element.fail_value("is an " + one_of("invalid memory policy flag", kFlags));
      }
      refuse_misplaced(element, *flag, *mode, !policy.nodes.empty());
      policy.mode |= flag->value;
    }
    constexpr int kBoth = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES;
    if ((policy.mode & kBoth) == kBoth) {
      flags->fail("MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
    }
  }
  return policy;
}

}  // namespace berth::runtime::spec
