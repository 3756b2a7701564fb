#include "runtime/resources/unit_properties.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "runtime/resources/device_rules.h"
#include "runtime/spec/index_list.h"

namespace berth::runtime::resources {
namespace {

using systemd::Property;

constexpr uint64_t kDefaultPeriod = 100'000;  // us; the kernel's
constexpr uint64_t kSecond = 1'000'000;
constexpr uint64_t kPercent = kSecond / 100;

std::optional<uint64_t> number(std::string_view text) {
  if (text == "max" || text == "-1") return systemd::kInfinity;
  uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return value;
}

// Files that have a property of the same value (systemd.resource-control(5)).
struct Plain {
  std::string_view file;
  const char* property;
  int since = 0;
};
constexpr auto kPlain = std::to_array<Plain>({
    {"cpu.weight", "CPUWeight"},
    {"cpu.shares", "CPUShares"},
    {"memory.min", "MemoryMin"},
    {"memory.low", "MemoryLow"},
    {"memory.high", "MemoryHigh"},
    {"memory.max", "MemoryMax"},
    {"memory.limit_in_bytes", "MemoryLimit"},
    {"memory.swap.max", "MemorySwapMax"},
    {"memory.zswap.max", "MemoryZSwapMax", 253},
    {"pids.max", "TasksMax"},
    {"io.weight", "IOWeight"},
    {"blkio.weight", "BlockIOWeight"},
    {"blkio.bfq.weight", "BlockIOWeight"},
});

// Of IOWeight (1..10000) systemd makes BFQ's 1..1000, linear on both sides of the default, 100: the
// way back.
uint64_t from_bfq(uint64_t weight) {
  if (weight <= 100) return weight;
  return 100 + (std::min<uint64_t>(weight, 1000) - 100) * 9900 / 900;
}

std::optional<Property> plain_property(const FileValue& choice) {
  const auto value = number(choice.value);
  if (!value) return std::nullopt;
  if (choice.file == "io.bfq.weight") {
    return Property{"IOWeight", systemd::unsigned_64(from_bfq(*value))};
  }
  const auto plain = std::ranges::find(kPlain, choice.file, &Plain::file);
  if (plain == kPlain.end()) return std::nullopt;
  // systemd takes no 0 here, and the kernel takes it for 1: the process is there.
  const uint64_t least = choice.file == "pids.max" ? 1 : 0;
  return Property{plain->property, systemd::unsigned_64(std::max(*value, least)), plain->since};
}

std::optional<Property> cpuset_property(const FileValue& choice) {
  const bool cpus = choice.file == "cpuset.cpus";
  if (!cpus && choice.file != "cpuset.mems") return std::nullopt;
  const auto list = spec::index_list(choice.value);
  if (!list || list->empty()) return std::nullopt;  // the kernel will say so
  return Property{cpus ? "AllowedCPUs" : "AllowedMemoryNodes", systemd::bit_mask(*list), 244};
}

// A quota as the files have it: v2's one with both numbers, v1's two.
struct Bandwidth {
  std::optional<uint64_t> quota, period;  // us
};

void read_bandwidth(const FileValue& choice, Bandwidth& bandwidth) {
  if (choice.file == "cpu.cfs_quota_us") bandwidth.quota = number(choice.value);
  if (choice.file == "cpu.cfs_period_us") bandwidth.period = number(choice.value);
  if (choice.file != "cpu.max") return;
  const size_t blank = choice.value.find(' ');
  bandwidth.quota = number(std::string_view(choice.value).substr(0, blank));
  if (blank == std::string::npos) return;
  bandwidth.period = number(std::string_view(choice.value).substr(blank + 1));
}

Bandwidth bandwidth_of(const std::vector<Setting>& settings) {
  Bandwidth bandwidth;
  for (const Setting& setting : settings) read_bandwidth(setting.choices.front(), bandwidth);
  return bandwidth;
}

// us of CPU time in a second, in whole per cents.
uint64_t per_second(uint64_t quota, uint64_t period) {
  if (quota > UINT64_MAX / kSecond) return systemd::kInfinity;
  const uint64_t exact = quota * kSecond / period;
  return (exact + kPercent - 1) / kPercent * kPercent;
}

void add_bandwidth(const Bandwidth& bandwidth, std::vector<Property>& list) {
  if (bandwidth.period) {
    list.push_back({"CPUQuotaPeriodUSec", systemd::unsigned_64(*bandwidth.period), 242});
  }
  if (!bandwidth.quota) return;
  const uint64_t period = bandwidth.period.value_or(kDefaultPeriod);
  if (period == 0) return;
  const uint64_t limit = *bandwidth.quota == systemd::kInfinity
                             ? systemd::kInfinity
                             : per_second(*bandwidth.quota, period);
  list.push_back({"CPUQuotaPerSecUSec", systemd::unsigned_64(limit)});
}

bool is_idle(const Setting& setting) {
  return setting.choices.front() == FileValue{"cpu.idle", "1"};
}

// `c 1:3 rwm` of v1's devices.allow as systemd's path and access; nothing for a minor number of any
// major one, which systemd cannot say.
std::optional<std::pair<std::string, std::string>> allowed_device(const std::string& line) {
  const size_t blank = line.find(' ', 2);
  const std::string numbers = line.substr(2, blank - 2);
  const std::string major = numbers.substr(0, numbers.find(':'));
  const bool any_minor = numbers.ends_with('*');
  if (major == "*" && !any_minor) return std::nullopt;
  const std::string type = line.starts_with('b') ? "block" : "char";
  const std::string path = any_minor ? type + "-" + major : "/dev/" + type + "/" + numbers;
  return std::pair(path, line.substr(blank + 1));
}

}  // namespace

std::vector<Property> unit_properties(
    const std::vector<Setting>& settings,
    const std::function<bool(const Setting&, const FileValue&)>& has_file) {
  std::vector<Property> list;
  const bool idle = std::ranges::any_of(settings, is_idle);
  for (const Setting& setting : settings) {
    const auto there = [&](const FileValue& choice) { return has_file(setting, choice); };
    auto choice = setting.choices.begin();
    if (setting.choices.size() > 1) choice = std::ranges::find_if(setting.choices, there);
    if (choice == setting.choices.end() || (idle && choice->file == "cpu.weight")) continue;
    auto property = plain_property(*choice);
    if (!property) property = cpuset_property(*choice);
    if (property) list.push_back(std::move(*property));
  }
  if (idle) list.push_back({"CPUWeight", systemd::unsigned_64(0), 252});
  add_bandwidth(bandwidth_of(settings), list);
  return list;
}

std::vector<Property> device_properties(const std::vector<spec::DeviceRule>& wished) {
  std::vector<std::pair<std::string, std::string>> allowed;
  bool everything = false;
  for (const DeviceWrite& write : v1_device_writes(wished)) {
    const bool allow = std::string_view(write.file) == "devices.allow";
    if (write.value == "a") {
      everything = allow;
    } else if (allow) {
      if (auto device = allowed_device(write.value)) allowed.push_back(std::move(*device));
    }
  }
  // An empty list first: each that follows adds to what there is.
  std::vector<Property> list = {{"DeviceAllow", systemd::pairs({})},
                                {"DevicePolicy", systemd::text(everything ? "auto" : "strict")}};
  if (!everything) list.push_back({"DeviceAllow", systemd::pairs(allowed)});
  return list;
}

void round_cpu_quota(std::vector<Setting>& settings) {
  const Bandwidth bandwidth = bandwidth_of(settings);
  const uint64_t period = bandwidth.period.value_or(kDefaultPeriod);
  if (!bandwidth.quota || *bandwidth.quota == systemd::kInfinity || period == 0) return;
  const uint64_t limit = per_second(*bandwidth.quota, period);
  if (limit == systemd::kInfinity || limit > UINT64_MAX / period) return;
  const std::string quota = std::to_string(limit * period / kSecond);
  for (Setting& setting : settings) {
    FileValue& choice = setting.choices.front();
    if (choice.file == "cpu.cfs_quota_us") choice.value = quota;
    if (choice.file == "cpu.max") {
      const size_t blank = std::min(choice.value.find(' '), choice.value.size());
      choice.value.replace(0, blank, quota);
    }
  }
}

}  // namespace berth::runtime::resources
