// linux.resources: the limits of the container's cgroup.
#include "runtime/spec/areas.h"

namespace berth::runtime::spec {
namespace {

DeviceRule parse_device_rule(const Node& node) {
  DeviceRule rule;
  rule.allow = node.at("allow").boolean();
  if (const auto type = node.find("type")) {
    const std::string text = type->string();
    if (text != "a" && text != "b" && text != "c" && !text.empty()) {
      type->fail_value("is not one of a, b, c");
    }
    if (!text.empty()) rule.type = text[0];
  }
  rule.major = node.integer_if<int64_t>("major", -1, 0xfff);
  rule.minor = node.integer_if<int64_t>("minor", -1, 0xfffff);
  // Older files say -1 for "any".
  if (rule.major == -1) rule.major.reset();
  if (rule.minor == -1) rule.minor.reset();
  if (const auto access = node.find("access")) {
    rule.access = access->string();
    if (rule.access.find_first_not_of("rwm") != std::string::npos) {
      access->fail_value("is not made of r, w and m");
    }
  }
  if (rule.access.empty()) rule.access = "rwm";
  return rule;
}

void parse_memory(const Node& node, Resources& resources) {
  resources.memory_limit = node.integer_if<int64_t>("limit", -1);
  resources.memory_swap = node.integer_if<int64_t>("swap", -1);
  resources.memory_reservation = node.integer_if<int64_t>("reservation", -1);
}

void parse_cpu(const Node& node, Resources& resources) {
  resources.cpu_shares = node.integer_if<uint64_t>("shares");
  resources.cpu_period = node.integer_if<uint64_t>("period");
  resources.cpu_quota = node.integer_if<int64_t>("quota", -1);
  resources.cpus = node.string_or("cpus", "");
  resources.mems = node.string_or("mems", "");
}

// The names become file names in the container's cgroup.
std::map<std::string, std::string> parse_unified(const Node& node) {
  auto unified = node.string_map();
  for (const Node& property : node.properties()) {
    const std::string_view name = property.key();
    if (name.find('/') != std::string_view::npos || name.find('.') == std::string_view::npos ||
        name.starts_with('.')) {
      property.fail("is not the name of a cgroup file, as 'memory.high' is");
    }
  }
  return unified;
}

}  // namespace

Resources parse_resources(const Node& node) {
  Resources resources;
  if (const auto devices = node.find("devices")) {
    for (const Node& rule : devices->elements()) {
      resources.devices.push_back(parse_device_rule(rule));
    }
  }
  if (const auto memory = node.find("memory")) parse_memory(*memory, resources);
  if (const auto cpu = node.find("cpu")) parse_cpu(*cpu, resources);
  if (const auto pids = node.find("pids")) {
    resources.pids_limit = pids->integer_if<int64_t>("limit", -1);
  }
  if (const auto unified = node.find("unified")) resources.unified = parse_unified(*unified);
  return resources;
}

}  // namespace berth::runtime::spec
