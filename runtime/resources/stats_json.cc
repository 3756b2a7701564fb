// The figures under runc's names: engines read these lines.
#include <nlohmann/json.hpp>

#include "runtime/resources/stats.h"

namespace berth::runtime::resources {
namespace {

using Json = nlohmann::ordered_json;

// What is 0 or empty is left out, as callers expect of optional properties.
template <class T>
void add(Json& object, const char* key, const T& value) {
  if (value != T{}) object[key] = value;
}

Json pressure_json(const PressureLine& line) {
  return {
      {"avg10", line.avg10}, {"avg60", line.avg60}, {"avg300", line.avg300}, {"total", line.total}};
}

void add_pressure(Json& object, const std::optional<Pressure>& pressure) {
  if (!pressure) return;
  object["psi"] = {{"some", pressure_json(pressure->some)},
                   {"full", pressure_json(pressure->full)}};
}

Json cpu_json(const CpuStats& cpu) {
  Json usage = Json::object();
  add(usage, "total", cpu.total);
  add(usage, "percpu", cpu.percpu);
  add(usage, "percpu_kernel", cpu.percpu_kernel);
  add(usage, "percpu_user", cpu.percpu_user);
  usage["kernel"] = cpu.kernel;
  usage["user"] = cpu.user;
  Json throttling = Json::object();
  add(throttling, "periods", cpu.periods);
  add(throttling, "throttledPeriods", cpu.throttled_periods);
  add(throttling, "throttledTime", cpu.throttled_time);
  Json object{{"usage", usage}, {"throttling", throttling}};
  add_pressure(object, cpu.pressure);
  return object;
}

Json cpuset_json(const CpusetStats& cpuset) {
  Json object = Json::object();
  add(object, "cpus", cpuset.cpus);
  object["cpu_exclusive"] = 0;
  add(object, "mems", cpuset.mems);
  for (const char* flag : {"mem_hardwall", "mem_exclusive", "memory_migrate", "memory_spread_page",
                           "memory_spread_slab", "memory_pressure", "sched_load_balance",
                           "sched_relax_domain_level"}) {
    object[flag] = 0;
  }
  for (const auto& [flag, value] : cpuset.flags) object[flag] = value;
  return object;
}

Json use_json(const MemoryUse& use) {
  Json object{{"limit", use.limit}};
  add(object, "usage", use.usage);
  add(object, "max", use.max);
  object["failcnt"] = use.failcnt;
  return object;
}

Json memory_json(const MemoryStats& memory) {
  Json object = Json::object();
  add(object, "cache", memory.cache);
  object["usage"] = use_json(memory.usage);
  object["swap"] = use_json(memory.swap);
  object["kernel"] = use_json(memory.kernel);
  object["kernelTCP"] = use_json(memory.kernel_tcp);
  add(object, "raw", memory.raw);
  add_pressure(object, memory.pressure);
  return object;
}

Json block_io_json(const BlockIoStats& io) {
  const auto list = [](const std::vector<BlockIoEntry>& entries) {
    Json array = Json::array();
    for (const BlockIoEntry& entry : entries) {
      Json object = Json::object();
      add(object, "major", entry.major);
      add(object, "minor", entry.minor);
      add(object, "op", entry.op);
      add(object, "value", entry.value);
      array.push_back(std::move(object));
    }
    return array;
  };
  Json object = Json::object();
  if (!io.bytes.empty()) object["ioServiceBytesRecursive"] = list(io.bytes);
  if (!io.operations.empty()) object["ioServicedRecursive"] = list(io.operations);
  add_pressure(object, io.pressure);
  return object;
}

Json hugepages_json(const std::map<std::string, HugepageStats>& hugepages) {
  Json object = Json::object();
  for (const auto& [size, stats] : hugepages) {
    Json& of = object[size] = Json::object();
    add(of, "usage", stats.usage);
    add(of, "max", stats.max);
    of["failcnt"] = stats.failcnt;
  }
  return object;
}

Json rdt_json(const RdtStats& rdt) {
  Json object = Json::object();
  if (rdt.cache) {
    object["l3_cache_info"] = {{"cbm_mask", rdt.cache->cbm_mask},
                               {"min_cbm_bits", rdt.cache->min_cbm_bits},
                               {"num_closids", rdt.cache->num_closids}};
  }
  add(object, "l3_cache_schema_root", rdt.cache_schema_root);
  add(object, "l3_cache_schema", rdt.cache_schema);
  if (rdt.bandwidth) {
    object["mem_bw_info"] = {{"bandwidth_gran", rdt.bandwidth->granularity},
                             {"min_bandwidth", rdt.bandwidth->min},
                             {"num_closids", rdt.bandwidth->num_closids}};
  }
  add(object, "mem_bw_schema_root", rdt.bandwidth_schema_root);
  add(object, "mem_bw_schema", rdt.bandwidth_schema);
  for (const RdtBandwidth& of : rdt.mbm) {
    object["mbm_stats"].push_back(
        {{"mbm_total_bytes", of.total_bytes}, {"mbm_local_bytes", of.local_bytes}});
  }
  for (const uint64_t bytes : rdt.occupancy) {
    object["cmt_stats"].push_back({{"llc_occupancy", bytes}});
  }
  return object;
}

}  // namespace

std::string stats_event(const std::string& id, const Stats& stats) {
  Json pids = Json::object();
  add(pids, "current", stats.pids.current);
  add(pids, "limit", stats.pids.limit);
  const Json event{{"type", "stats"},
                   {"id", id},
                   {"data",
                    {{"cpu", cpu_json(stats.cpu)},
                     {"cpuset", cpuset_json(stats.cpuset)},
                     {"memory", memory_json(stats.memory)},
                     {"pids", pids},
                     {"blkio", block_io_json(stats.block_io)},
                     {"hugetlb", hugepages_json(stats.hugepages)},
                     {"intel_rdt", rdt_json(stats.rdt)},
                     {"network_interfaces", nullptr}}}};
  return event.dump();
}

std::string plain_event(const std::string& type, const std::string& id) {
  return Json{{"type", type}, {"id", id}}.dump();
}

}  // namespace berth::runtime::resources
