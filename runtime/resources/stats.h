// What a container's group has used, as read from its control files on v1, hybrid or v2. Files
// that a kernel does not have leave their numbers at 0.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cgroup/hierarchy.h"

namespace berth::runtime::resources {

struct PressureLine {
  double avg10 = 0, avg60 = 0, avg300 = 0;
  uint64_t total = 0;  // microseconds
  bool operator==(const PressureLine&) const = default;
};
struct Pressure {
  PressureLine some, full;
  bool operator==(const Pressure&) const = default;
};

struct CpuStats {
  uint64_t total = 0, kernel = 0, user = 0;  // nanoseconds
  std::vector<uint64_t> percpu, percpu_kernel, percpu_user;
  uint64_t periods = 0, throttled_periods = 0, throttled_time = 0;
  std::optional<Pressure> pressure;
};

struct CpusetStats {
  std::vector<uint16_t> cpus, mems;
  std::map<std::string, int64_t> flags;  // v1: `cpu_exclusive`, ...
};

struct MemoryUse {
  uint64_t limit = 0, usage = 0, max = 0, failcnt = 0;
};
struct MemoryStats {
  uint64_t cache = 0;
  MemoryUse usage, swap, kernel, kernel_tcp;  // swap: with memory, on v2 too
  std::map<std::string, uint64_t> raw;        // memory.stat
  uint64_t oom_kills = 0;
  std::optional<Pressure> pressure;
};

struct PidsStats {
  uint64_t current = 0, limit = 0;  // 0: unlimited
};

struct BlockIoEntry {
  uint64_t major = 0, minor = 0;
  std::string op;  // `Read`, `Write`, ...
  uint64_t value = 0;
  bool operator==(const BlockIoEntry&) const = default;
};
struct BlockIoStats {
  std::vector<BlockIoEntry> bytes, operations;
  std::optional<Pressure> pressure;
};

struct HugepageStats {
  uint64_t usage = 0, max = 0, failcnt = 0;
};

// Of the resctrl group that the container is in, if it is in one of its own.
struct RdtCacheInfo {
  std::string cbm_mask;  // hexadecimal
  uint64_t min_cbm_bits = 0, num_closids = 0;
};
struct RdtBandwidthInfo {
  uint64_t granularity = 0, min = 0, num_closids = 0;
};
struct RdtBandwidth {
  uint64_t total_bytes = 0, local_bytes = 0;
};
struct RdtStats {
  std::optional<RdtCacheInfo> cache;
  std::string cache_schema_root, cache_schema;  // lines of `schemata`
  std::optional<RdtBandwidthInfo> bandwidth;
  std::string bandwidth_schema_root, bandwidth_schema;
  std::vector<RdtBandwidth> mbm;    // by domain
  std::vector<uint64_t> occupancy;  // bytes, by domain
};

struct Stats {
  CpuStats cpu;
  CpusetStats cpuset;
  MemoryStats memory;
  PidsStats pids;
  BlockIoStats block_io;
  std::map<std::string, HugepageStats> hugepages;  // by page size
  RdtStats rdt;                                    // who reads it: the launcher
};

Stats read_stats(const cgroup::Hierarchy& hierarchy, const std::string& path);

// One line of `events`: {"type": ..., "id": ..., "data": ...}, in runc's names and order.
std::string stats_event(const std::string& id, const Stats& stats);
std::string plain_event(const std::string& type, const std::string& id);

}  // namespace berth::runtime::resources
