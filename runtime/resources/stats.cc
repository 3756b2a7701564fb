#include "runtime/resources/stats.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/file.h"
#include "runtime/cgroup/directory.h"
#include "runtime/resources/stat_file.h"

namespace berth::runtime::resources {
namespace {

using cgroup::Hierarchy;
using cgroup::Version;

// One controller's group; absent files are empty.
class Group {
 public:
  Group(const Hierarchy& hierarchy, const char* controller, const std::string& path)
      : v2_(cgroup::version_of(hierarchy, controller) == Version::v2),
        dir_(cgroup::find_directory(hierarchy, controller, path)) {}
  explicit operator bool() const { return dir_.has_value(); }
  bool v2() const { return v2_; }
  int fd() const { return dir_->get(); }
  std::string text(const std::string& file) const {
    return read_file_if_exists(dir_->get(), file).value_or("");
  }
  uint64_t number(const std::string& file) const { return resources::number(text(file)); }
  std::optional<Pressure> pressure(const std::string& file) const {
    const auto found = read_file_if_exists(dir_->get(), file);
    return found ? std::optional(resources::pressure(*found)) : std::nullopt;
  }

 private:
  bool v2_;
  std::optional<UniqueFd> dir_;
};

uint64_t value_of(const std::map<std::string, uint64_t>& map, const char* key) {
  const auto found = map.find(key);
  return found == map.end() ? 0 : found->second;
}

void read_v2_cpu(const Group& cpu, CpuStats& stats) {
  constexpr uint64_t kNanoseconds = 1000;  // in a microsecond
  const auto stat = keyed_numbers(cpu.text("cpu.stat"));
  stats.total = value_of(stat, "usage_usec") * kNanoseconds;
  stats.user = value_of(stat, "user_usec") * kNanoseconds;
  stats.kernel = value_of(stat, "system_usec") * kNanoseconds;
  stats.periods = value_of(stat, "nr_periods");
  stats.throttled_periods = value_of(stat, "nr_throttled");
  stats.throttled_time = value_of(stat, "throttled_usec") * kNanoseconds;
  stats.pressure = cpu.pressure("cpu.pressure");
}

CpuStats read_cpu(const Hierarchy& hierarchy, const std::string& path) {
  CpuStats stats;
  const Group cpu(hierarchy, "cpu", path);
  if (cpu && cpu.v2()) {
    read_v2_cpu(cpu, stats);
    return stats;
  }
  if (cpu) {
    const auto stat = keyed_numbers(cpu.text("cpu.stat"));
    stats.periods = value_of(stat, "nr_periods");
    stats.throttled_periods = value_of(stat, "nr_throttled");
    stats.throttled_time = value_of(stat, "throttled_time");
  }
  if (const Group account(hierarchy, "cpuacct", path); account) {
    stats.total = account.number("cpuacct.usage");
    stats.user = account.number("cpuacct.usage_user");
    stats.kernel = account.number("cpuacct.usage_sys");
    stats.percpu = numbers(account.text("cpuacct.usage_percpu"));
    stats.percpu_user = numbers(account.text("cpuacct.usage_percpu_user"));
    stats.percpu_kernel = numbers(account.text("cpuacct.usage_percpu_sys"));
  }
  return stats;
}

CpusetStats read_cpuset(const Hierarchy& hierarchy, const std::string& path) {
  constexpr std::array<const char*, 9> kFlags = {
      "cpu_exclusive",      "mem_hardwall",       "mem_exclusive",
      "memory_migrate",     "memory_pressure",    "memory_spread_page",
      "memory_spread_slab", "sched_load_balance", "sched_relax_domain_level"};
  CpusetStats stats;
  const Group cpuset(hierarchy, "cpuset", path);
  if (!cpuset) return stats;
  if (cpuset.v2()) {
    stats.cpus = listed(cpuset.text("cpuset.cpus.effective"));
    stats.mems = listed(cpuset.text("cpuset.mems.effective"));
    return stats;
  }
  stats.cpus = listed(cpuset.text("cpuset.cpus"));
  stats.mems = listed(cpuset.text("cpuset.mems"));
  for (const char* flag : kFlags) {
    const std::string text = cpuset.text(std::string("cpuset.") + flag);
    // The relax level alone can be negative, and -1 is all that it then is.
    stats.flags[flag] = text.starts_with('-') ? -1 : static_cast<int64_t>(number(text));
  }
  return stats;
}

MemoryUse v1_use(const Group& memory, const std::string& prefix) {
  return {.limit = memory.number(prefix + "limit_in_bytes"),
          .usage = memory.number(prefix + "usage_in_bytes"),
          .max = memory.number(prefix + "max_usage_in_bytes"),
          .failcnt = memory.number(prefix + "failcnt")};
}

// v1 counts swap with memory, and so do readers of these figures.
uint64_t sum(uint64_t a, uint64_t b) {
  return a == UINT64_MAX || b == UINT64_MAX ? UINT64_MAX : a + b;
}

void read_v2_memory(const Group& memory, MemoryStats& stats) {
  stats.cache = value_of(stats.raw, "file");
  stats.usage = {.limit = memory.number("memory.max"),
                 .usage = memory.number("memory.current"),
                 .max = memory.number("memory.peak"),
                 .failcnt = 0};
  const uint64_t swap_peak = memory.number("memory.swap.peak");
  stats.swap = {.limit = sum(memory.number("memory.swap.max"), stats.usage.limit),
                .usage = sum(memory.number("memory.swap.current"), stats.usage.usage),
                .max = swap_peak == 0 ? 0 : sum(swap_peak, stats.usage.max),
                .failcnt = 0};
  const auto events = keyed_numbers(memory.text("memory.events"));
  stats.usage.failcnt = value_of(events, "max");
  stats.oom_kills = value_of(events, "oom_kill");
  stats.pressure = memory.pressure("memory.pressure");
}

MemoryStats read_memory(const Hierarchy& hierarchy, const std::string& path) {
  MemoryStats stats;
  const Group memory(hierarchy, "memory", path);
  if (!memory) return stats;
  stats.raw = keyed_numbers(memory.text("memory.stat"));
  if (memory.v2()) {
    read_v2_memory(memory, stats);
    return stats;
  }
  stats.cache = value_of(stats.raw, "cache");
  stats.usage = v1_use(memory, "memory.");
  stats.swap = v1_use(memory, "memory.memsw.");
  stats.kernel = v1_use(memory, "memory.kmem.");
  stats.kernel_tcp = v1_use(memory, "memory.kmem.tcp.");
  stats.oom_kills = value_of(keyed_numbers(memory.text("memory.oom_control")), "oom_kill");
  return stats;
}

PidsStats read_pids(const Hierarchy& hierarchy, const std::string& path) {
  const Group pids(hierarchy, "pids", path);
  if (!pids) return {};
  const uint64_t limit = pids.number("pids.max");
  return {.current = pids.number("pids.current"), .limit = limit == UINT64_MAX ? 0 : limit};
}

// BFQ counts what it schedules itself; the throttle's figures are there in any case.
std::vector<BlockIoEntry> v1_counted(const Group& io, const std::string& what) {
  for (const char* prefix : {"blkio.bfq.", "blkio.throttle."}) {
    auto list = v1_block_io(io.text(prefix + what + "_recursive"));
    if (!list.empty()) return list;
  }
  return {};
}

BlockIoStats read_block_io(const Hierarchy& hierarchy, const std::string& path) {
  BlockIoStats stats;
  const Group io(hierarchy, "blkio", path);
  if (!io) return stats;
  if (io.v2()) {
    read_io_stat(io.text("io.stat"), stats);
    stats.pressure = io.pressure("io.pressure");
  } else {
    stats.bytes = v1_counted(io, "io_service_bytes");
    stats.operations = v1_counted(io, "io_serviced");
  }
  return stats;
}

// The page sizes are those that the group has files for.
std::map<std::string, HugepageStats> read_hugepages(const Hierarchy& hierarchy,
                                                    const std::string& path) {
  std::map<std::string, HugepageStats> stats;
  const Group huge(hierarchy, "hugetlb", path);
  if (!huge) return stats;
  const std::string prefix = "hugetlb.";
  const std::string suffix = huge.v2() ? ".current" : ".usage_in_bytes";
  for (const std::string& file : list_dir(huge.fd())) {
    if (!file.starts_with(prefix) || !file.ends_with(suffix)) continue;
    const std::string size =
        file.substr(prefix.size(), file.size() - prefix.size() - suffix.size());
    if (size.ends_with(".rsvd")) continue;
    HugepageStats& of = stats[size];
    of.usage = huge.number(file);
    if (huge.v2()) {
      of.failcnt = value_of(keyed_numbers(huge.text(prefix + size + ".events")), "max");
    } else {
      of.max = huge.number(prefix + size + ".max_usage_in_bytes");
      of.failcnt = huge.number(prefix + size + ".failcnt");
    }
  }
  return stats;
}

}  // namespace

Stats read_stats(const Hierarchy& hierarchy, const std::string& path) {
  return {.cpu = read_cpu(hierarchy, path),
          .cpuset = read_cpuset(hierarchy, path),
          .memory = read_memory(hierarchy, path),
          .pids = read_pids(hierarchy, path),
          .block_io = read_block_io(hierarchy, path),
          .hugepages = read_hugepages(hierarchy, path),
          .rdt = {}};
}

}  // namespace berth::runtime::resources
