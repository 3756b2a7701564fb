// linux.resources: the limits of the container's cgroup.
#include <algorithm>

#include "runtime/spec/areas.h"

namespace berth::runtime::spec {
namespace {

constexpr int64_t kLargestMajor = 0xfff;
constexpr int64_t kLargestMinor = 0xfffff;

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
  rule.major = node.integer_if<int64_t>("major", -1, kLargestMajor);
  rule.minor = node.integer_if<int64_t>("minor", -1, kLargestMinor);
  // Older files say -1 for "any".
  if (rule.major == -1) rule.major.reset();
  if (rule.minor == -1) rule.minor.reset();
  if (const auto access = node.find("access")) {
    rule.access = access->string();
    // Some write an `a` as well, the type of a rule for all: other runtimes pass over it.
    const bool all = std::erase(rule.access, 'a') > 0;
    if ((all && rule.access.empty()) || rule.access.find_first_not_of("rwm") != std::string::npos) {
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
  resources.memory_swappiness = node.integer_if<uint64_t>("swappiness", 0, 100);
  resources.memory_disable_oom_killer = node.boolean_or("disableOOMKiller", false);
  resources.memory_check_before_update = node.boolean_or("checkBeforeUpdate", false);
  resources.memory_kernel_tcp = node.integer_if<int64_t>("kernelTCP", -1);
  // Gone from the kernel, or without a meaning there.
  (void)node.integer_if<int64_t>("kernel");
  (void)node.boolean_or("useHierarchy", false);
}

// Callers write 0 for "not set".
template <class T>
std::optional<T> unless_zero(std::optional<T> value) {
  return value == T{0} ? std::nullopt : value;
}

// What the kernel refuses (kernel/sched/core.c, tg_set_cfs_bandwidth; tg_rt_schedulable).
void check_cpu_times(const Node& node, const Resources& resources) {
  constexpr uint64_t kLeast = 1000, kMost = 1'000'000;  // microseconds
  const auto refuse = [&node](const char* key, auto value, const std::string& what) {
    node.at(key).fail(std::to_string(value) + what);
  };
  if (const auto period = resources.cpu_period; period && (*period < kLeast || *period > kMost)) {
    refuse("period", *period, " is not between 1000 and 1000000 microseconds");
  }
  const int64_t quota = resources.cpu_quota.value_or(-1);
  if (quota >= 0) {
    if (quota < int64_t{kLeast}) refuse("quota", quota, " is below 1000 microseconds");
    if (resources.cpu_burst > static_cast<uint64_t>(quota)) {
      refuse("burst", *resources.cpu_burst, " is above the quota " + std::to_string(quota));
    }
  }
  const auto runtime = resources.cpu_realtime_runtime;
  const auto period = resources.cpu_realtime_period;
  if (runtime && period && *runtime > 0 && static_cast<uint64_t>(*runtime) > *period) {
    refuse("realtimeRuntime", *runtime, " is above the realtimePeriod " + std::to_string(*period));
  }
}

void parse_cpu(const Node& node, Resources& resources) {
  resources.cpu_shares = unless_zero(node.integer_if<uint64_t>("shares"));
  resources.cpu_period = unless_zero(node.integer_if<uint64_t>("period"));
  resources.cpu_quota = unless_zero(node.integer_if<int64_t>("quota"));
  if (resources.cpu_quota && *resources.cpu_quota < 0) resources.cpu_quota = -1;
  resources.cpu_burst = node.integer_if<uint64_t>("burst");
  resources.cpu_realtime_period = unless_zero(node.integer_if<uint64_t>("realtimePeriod"));
  resources.cpu_realtime_runtime = unless_zero(node.integer_if<int64_t>("realtimeRuntime"));
  if (const auto idle = node.integer_if<int>("idle", 0, 1)) resources.cpu_idle = *idle != 0;
  resources.cpus = parse_kernel_list(node, "cpus");
  resources.mems = parse_kernel_list(node, "mems");
  check_cpu_times(node, resources);
}

std::optional<uint16_t> parse_weight(const Node& node, std::string_view key) {
  const auto weight = node.find(key);
  if (!weight) return std::nullopt;
  const auto value = weight->integer<uint16_t>(0, 1000);
  if (value == 0) return std::nullopt;
  if (value < 10) weight->fail(std::to_string(value) + " is not between 10 and 1000");
  return value;
}

std::vector<BlockIo::Throttle> parse_throttles(const Node& node, std::string_view key) {
  std::vector<BlockIo::Throttle> list;
  const auto found = node.find(key);
  if (!found) return list;
  for (const Node& element : found->elements()) {
    list.push_back({.major = element.at("major").integer<int64_t>(0, kLargestMajor),
                    .minor = element.at("minor").integer<int64_t>(0, kLargestMinor),
                    .rate = element.integer_if<uint64_t>("rate").value_or(0)});
  }
  return list;
}

BlockIo parse_block_io(const Node& node) {
  BlockIo io;
  io.weight = parse_weight(node, "weight");
  io.leaf_weight = parse_weight(node, "leafWeight");
  if (const auto devices = node.find("weightDevice")) {
    for (const Node& element : devices->elements()) {
      io.weight_device.push_back({.major = element.at("major").integer<int64_t>(0, kLargestMajor),
                                  .minor = element.at("minor").integer<int64_t>(0, kLargestMinor),
                                  .weight = parse_weight(element, "weight"),
                                  .leaf_weight = parse_weight(element, "leafWeight")});
      const BlockIo::Weight& device = io.weight_device.back();
      if (!device.weight && !device.leaf_weight) {
        element.fail("has neither a weight nor a leafWeight");
      }
    }
  }
  io.read_bps = parse_throttles(node, "throttleReadBpsDevice");
  io.write_bps = parse_throttles(node, "throttleWriteBpsDevice");
  io.read_iops = parse_throttles(node, "throttleReadIOPSDevice");
  io.write_iops = parse_throttles(node, "throttleWriteIOPSDevice");
  return io;
}

// `2MB`: it becomes part of a file's name.
std::string parse_page_size(const Node& node) {
  std::string size = node.string();
  const size_t digits = std::min(size.find_first_not_of("0123456789"), size.size());
  const std::string unit = size.substr(digits);
  if (digits == 0 || size[0] == '0' || (unit != "KB" && unit != "MB" && unit != "GB")) {
    node.fail_value("is not a page size, as '2MB' is");
  }
  return size;
}

std::vector<HugepageLimit> parse_hugepage_limits(const Node& node) {
  std::vector<HugepageLimit> list;
  for (const Node& element : node.elements()) {
    const Node size = element.at("pageSize");
    HugepageLimit limit{.page_size = parse_page_size(size),
                        .limit = element.at("limit").integer<uint64_t>()};
    if (std::ranges::find(list, limit.page_size, &HugepageLimit::page_size) != list.end()) {
      size.fail_value("is given twice");
    }
    list.push_back(std::move(limit));
  }
  return list;
}

// A name that goes into a control file, which takes words parted by blanks, one line each.
void require_one_word(const Node& node, std::string_view name) {
  if (name.empty() || name.find_first_of(" \t\r\n/") != std::string_view::npos) {
    node.fail(in_quotes(name) + " is not the name of a device");
  }
}

void parse_network(const Node& node, Resources& resources) {
  resources.network_class_id = node.integer_if<uint32_t>("classID");
  const auto priorities = node.find("priorities");
  if (!priorities) return;
  for (const Node& element : priorities->elements()) {
    const Node name = element.at("name");
    require_one_word(name, name.string());
    resources.network_priorities.push_back(
        {.interface = name.string(), .priority = element.at("priority").integer<uint32_t>()});
  }
}

std::map<std::string, RdmaLimit> parse_rdma(const Node& node) {
  std::map<std::string, RdmaLimit> limits;
  for (const Node& property : node.properties()) {
    require_one_word(property, property.key());
    const RdmaLimit limit{.hca_handles = property.integer_if<uint32_t>("hcaHandles"),
                          .hca_objects = property.integer_if<uint32_t>("hcaObjects")};
    if (!limit.hca_handles && !limit.hca_objects) {
      property.fail("has neither hcaHandles nor hcaObjects");
    }
    limits.emplace(property.key(), limit);
  }
  return limits;
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
  if (const auto io = node.find("blockIO")) resources.block_io = parse_block_io(*io);
  if (const auto huge = node.find("hugepageLimits")) {
    resources.hugepage_limits = parse_hugepage_limits(*huge);
  }
  if (const auto network = node.find("network")) parse_network(*network, resources);
  if (const auto rdma = node.find("rdma")) resources.rdma = parse_rdma(*rdma);
  if (const auto unified = node.find("unified")) resources.unified = parse_unified(*unified);
  return resources;
}

}  // namespace berth::runtime::spec
