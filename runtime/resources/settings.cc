#include "runtime/resources/settings.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "runtime/resources/weights.h"
#include "runtime/spec/swap.h"

namespace berth::runtime::resources {
namespace {

using spec::BlockIo;
using spec::Resources;

const std::string kKey = "linux.resources.";

class List {
 public:
  void add(const std::string& key, const char* controller, std::vector<FileValue> choices,
           bool optional = false) {
    list_.push_back({kKey + key, controller, std::move(choices), optional});
  }
  template <class T>
  void add_if(const std::optional<T>& value, const std::string& key, const char* controller,
              const char* file) {
    if (value) add(key, controller, {{file, std::to_string(*value)}});
  }
  void add_text(const std::string& value, const std::string& key, const char* controller,
                const char* file) {
    if (!value.empty()) add(key, controller, {{file, value}});
  }
  std::vector<Setting> take() { return std::move(list_); }

 private:
  std::vector<Setting> list_;
};

std::string number_or_max(int64_t value) {
  return value < 0 ? "max" : std::to_string(value);
}

std::string device(int64_t major, int64_t minor) {
  return std::to_string(major) + ":" + std::to_string(minor);
}

std::string element(const char* key, size_t index) {
  return std::string(key) + "[" + std::to_string(index) + "]";
}

void add_cpuset(const Resources& r, List& list) {
  list.add_text(r.mems, "cpu.mems", "cpuset", "cpuset.mems");
  list.add_text(r.cpus, "cpu.cpus", "cpuset", "cpuset.cpus");
}

// An idle group's weight is the kernel's business: it refuses any other.
bool wants_shares(const Resources& r) {
  return r.cpu_shares && !r.cpu_idle.value_or(false);
}

void add_v1_cpu(const Resources& r, List& list) {
  if (r.cpu_idle) list.add("cpu.idle", "cpu", {{"cpu.idle", *r.cpu_idle ? "1" : "0"}});
  if (wants_shares(r)) list.add_if(r.cpu_shares, "cpu.shares", "cpu", "cpu.shares");
  list.add_if(r.cpu_period, "cpu.period", "cpu", "cpu.cfs_period_us");
  list.add_if(r.cpu_quota, "cpu.quota", "cpu", "cpu.cfs_quota_us");
  list.add_if(r.cpu_burst, "cpu.burst", "cpu", "cpu.cfs_burst_us");
  list.add_if(r.cpu_realtime_period, "cpu.realtimePeriod", "cpu", "cpu.rt_period_us");
  list.add_if(r.cpu_realtime_runtime, "cpu.realtimeRuntime", "cpu", "cpu.rt_runtime_us");
}

void add_v2_cpu(const Resources& r, List& list) {
  if (r.cpu_idle) list.add("cpu.idle", "cpu", {{"cpu.idle", *r.cpu_idle ? "1" : "0"}});
  if (wants_shares(r)) {
    list.add("cpu.shares", "cpu", {{"cpu.weight", std::to_string(cpu_weight(*r.cpu_shares))}});
  }
  if (r.cpu_quota || r.cpu_period) {
    // Without a period the one in force stays.
    std::string value = number_or_max(r.cpu_quota.value_or(-1));
    if (r.cpu_period) value += " " + std::to_string(*r.cpu_period);
    list.add(r.cpu_quota ? "cpu.quota" : "cpu.period", "cpu", {{"cpu.max", value}});
  }
  list.add_if(r.cpu_burst, "cpu.burst", "cpu", "cpu.max.burst");
}

void add_v1_block_io(const BlockIo& io, List& list) {
  const auto weight = [&](const auto& value, const std::string& key, const std::string& before,
                          const std::string& file) {
    if (!value) return;
    const std::string text = before + std::to_string(*value);
    std::vector<FileValue> choices = {{"blkio." + file, text}};
    // Since Linux 5.0 weights are the BFQ scheduler's alone, and it knows no leaf weights.
    if (file.starts_with("weight")) choices.push_back({"blkio.bfq." + file, text});
    list.add("blockIO." + key, "blkio", choices);
  };
  weight(io.weight, "weight", "", "weight");
  weight(io.leaf_weight, "leafWeight", "", "leaf_weight");
  for (size_t i = 0; i < io.weight_device.size(); ++i) {
    const BlockIo::Weight& of = io.weight_device[i];
    const std::string before = device(of.major, of.minor) + " ";
    const std::string key = element("weightDevice", i);
    weight(of.weight, key + ".weight", before, "weight_device");
    weight(of.leaf_weight, key + ".leafWeight", before, "leaf_weight_device");
  }
  const auto throttle = [&](const std::vector<BlockIo::Throttle>& devices, const char* key,
                            const char* file) {
    for (size_t i = 0; i < devices.size(); ++i) {
      list.add(
          std::string("blockIO.") + element(key, i), "blkio",
          {{std::string("blkio.throttle.") + file,
            device(devices[i].major, devices[i].minor) + " " + std::to_string(devices[i].rate)}});
    }
  };
  throttle(io.read_bps, "throttleReadBpsDevice", "read_bps_device");
  throttle(io.write_bps, "throttleWriteBpsDevice", "write_bps_device");
  throttle(io.read_iops, "throttleReadIOPSDevice", "read_iops_device");
  throttle(io.write_iops, "throttleWriteIOPSDevice", "write_iops_device");
}

void add_v2_block_io(const BlockIo& io, List& list) {
  const auto weight = [&](uint16_t value, const std::string& key, const std::string& before) {
    list.add("blockIO." + key, "blkio",
             {{"io.bfq.weight", before + std::to_string(value)},
              {"io.weight", before + std::to_string(io_weight(value))}});
  };
  if (io.weight) weight(*io.weight, "weight", "");
  for (size_t i = 0; i < io.weight_device.size(); ++i) {
    const BlockIo::Weight& of = io.weight_device[i];
    if (!of.weight) continue;
    weight(*of.weight, element("weightDevice", i) + ".weight", device(of.major, of.minor) + " ");
  }
  const auto throttle = [&](const std::vector<BlockIo::Throttle>& devices, const char* key,
                            const char* name) {
    for (size_t i = 0; i < devices.size(); ++i) {
      const std::string rate = devices[i].rate == 0 ? "max" : std::to_string(devices[i].rate);
      list.add(std::string("blockIO.") + element(key, i), "blkio",
               {{"io.max", device(devices[i].major, devices[i].minor) + " " + name + "=" + rate}});
    }
  };
  throttle(io.read_bps, "throttleReadBpsDevice", "rbps");
  throttle(io.write_bps, "throttleWriteBpsDevice", "wbps");
  throttle(io.read_iops, "throttleReadIOPSDevice", "riops");
  throttle(io.write_iops, "throttleWriteIOPSDevice", "wiops");
}

void add_hugepages(const Resources& r, const char* suffix, List& list) {
  for (size_t i = 0; i < r.hugepage_limits.size(); ++i) {
    const std::string key = element("hugepageLimits", i);
    const std::string base = "hugetlb." + r.hugepage_limits[i].page_size;
    const std::string value = std::to_string(r.hugepage_limits[i].limit);
    list.add(key, "hugetlb", {{base + "." + suffix, value}});
    // A page reserved by mmap but not touched yet counts there alone (Linux 5.7).
    list.add(key, "hugetlb", {{base + ".rsvd." + suffix, value}}, /*optional=*/true);
  }
}

void add_rdma(const Resources& r, List& list) {
  for (const auto& [name, limit] : r.rdma) {
    std::string value = name;
    if (limit.hca_handles) value += " hca_handle=" + std::to_string(*limit.hca_handles);
    if (limit.hca_objects) value += " hca_object=" + std::to_string(*limit.hca_objects);
    list.add("rdma." + name, "rdma", {{"rdma.max", value}});
  }
}

// A line at a time: that is what the kernel takes in one write.
void add_unified(const Resources& r, List& list) {
  for (const auto& [file, text] : r.unified) {
    for (size_t begin = 0; begin <= text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      if (end > begin || text.empty()) {
        list.add("unified." + file, "", {{file, text.substr(begin, end - begin)}});
      }
      begin = end + 1;
    }
  }
}

std::optional<int64_t> unless_zero(const std::optional<int64_t>& value) {
  return value == 0 ? std::nullopt : value;
}

// Swap is given as memory + swap.
void check_swap(std::optional<int64_t> memory, int64_t swap) {
  if (const auto mistake = spec::swap_mistake(memory, swap)) {
    throw Error(kKey + "memory.swap: " + *mistake);
  }
}

// The kernel treats 0 as 1: the process that joins is there already.
std::string pids_value(int64_t pids) {
  return pids < 0 ? "max" : std::to_string(std::max<int64_t>(pids, 1));
}

}  // namespace

std::vector<Setting> v1_settings(const Resources& r) {
  List list;
  add_cpuset(r, list);
  add_v1_cpu(r, list);
  list.add_if(unless_zero(r.memory_reservation), "memory.reservation", "memory",
              "memory.soft_limit_in_bytes");
  if (const auto tcp = unless_zero(r.memory_kernel_tcp)) {
    // Kernels that know v2 alone have no such file, nor may later ones of v1.
    list.add("memory.kernelTCP", "memory",
             {{"memory.kmem.tcp.limit_in_bytes", std::to_string(*tcp)}}, /*optional=*/true);
  }
  list.add_if(r.memory_swappiness, "memory.swappiness", "memory", "memory.swappiness");
  if (r.memory_disable_oom_killer) {
    list.add("memory.disableOOMKiller", "memory", {{"memory.oom_control", "1"}});
  }
  add_v1_block_io(r.block_io, list);
  add_hugepages(r, "limit_in_bytes", list);
  list.add_if(r.network_class_id, "network.classID", "net_cls", "net_cls.classid");
  for (size_t i = 0; i < r.network_priorities.size(); ++i) {
    const spec::NetworkPriority& of = r.network_priorities[i];
    list.add(element("network.priorities", i), "net_prio",
             {{"net_prio.ifpriomap", of.interface + " " + std::to_string(of.priority)}});
  }
  add_rdma(r, list);
  return list.take();
}

std::vector<Setting> v2_settings(const Resources& r) {
  List list;
  add_cpuset(r, list);
  add_v2_cpu(r, list);
  if (const auto reservation = unless_zero(r.memory_reservation)) {
    list.add("memory.reservation", "memory", {{"memory.low", number_or_max(*reservation)}});
  }
  add_v2_block_io(r.block_io, list);
  add_hugepages(r, "max", list);
  add_rdma(r, list);
  add_unified(r, list);
  return list.take();
}

bool is_v1_only(const Setting& setting) {
  constexpr auto kFiles = std::to_array<std::string_view>(
      {"cpu.rt_period_us", "cpu.rt_runtime_us", "memory.swappiness", "memory.oom_control",
       "blkio.leaf_weight", "blkio.leaf_weight_device"});
  return std::ranges::find(kFiles, setting.choices.front().file) != kFiles.end();
}

std::vector<Setting> v1_limits(const Resources& r, uint64_t current_limit) {
  List list;
  const auto memory = unless_zero(r.memory_limit);
  auto swap = unless_zero(r.memory_swap);
  if (swap && memory) check_swap(memory, *swap);
  const bool swap_given = swap.has_value();
  if (memory && !swap) swap = memory;  // no swap beyond the memory
  const auto add_swap = [&] {
    if (!swap) return;
    // Without swap accounting there is no such file; only who asks for swap minds.
    list.add("memory.swap", "memory", {{"memory.memsw.limit_in_bytes", std::to_string(*swap)}},
             !swap_given || *swap == -1);
  };
  const bool swap_first = swap && (*swap < 0 || std::cmp_less(current_limit, *swap));
  if (swap_first) add_swap();
  list.add_if(memory, "memory.limit", "memory", "memory.limit_in_bytes");
  if (!swap_first) add_swap();
  if (r.pids_limit) list.add("pids.limit", "pids", {{"pids.max", pids_value(*r.pids_limit)}});
  return list.take();
}

std::vector<Setting> v2_limits(const Resources& r) {
  List list;
  const auto memory = unless_zero(r.memory_limit);
  const auto swap = unless_zero(r.memory_swap);
  if (swap) check_swap(memory, *swap);
  std::optional<int64_t> own;  // v2 counts swap apart
  if (memory) own = *memory < 0 ? -1 : 0;
  if (swap) own = *swap < 0 ? -1 : *swap - *memory;
  if (own) {
    list.add("memory.swap", "memory", {{"memory.swap.max", number_or_max(*own)}}, *own <= 0);
  }
  if (memory) list.add("memory.limit", "memory", {{"memory.max", number_or_max(*memory)}});
  if (r.pids_limit) list.add("pids.limit", "pids", {{"pids.max", pids_value(*r.pids_limit)}});
  std::vector<Setting> limits = list.take();
  // They are written after the settings, and `unified` is the last word on a file.
  std::erase_if(
      limits, [&](const Setting& limit) { return r.unified.contains(limit.choices.front().file); });
  return limits;
}

}  // namespace berth::runtime::resources
