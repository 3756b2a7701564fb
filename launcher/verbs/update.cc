// New limits for a container that exists. What is not asked for stays as it is.
#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "launcher/flag_value.h"
#include "launcher/verbs/resource_verbs.h"
#include "runtime/container/unit.h"
#include "runtime/spec/parse.h"

namespace berth::launcher {
namespace {

using runtime::spec::Resources;

// Options that are not given leave their value alone.
template <class T, class Parse>
void take(std::optional<T>& value, const char* option, const std::string& text, Parse parse) {
  if (!text.empty()) value = static_cast<T>(parse(option, text));
}

// 0 is "not given" where callers cannot say so otherwise.
template <class T>
void drop_zero(std::optional<T>& value) {
  if (value == T{0}) value.reset();
}

Resources from_file(const std::string& file) {
  constexpr size_t kLargest = size_t{1} << 20;
  const bool standard_input = file == "-";
  const std::string name = standard_input ? "standard input" : file;
  const std::string text =
      standard_input ? read_fd(STDIN_FILENO, name, kLargest) : read_file(AT_FDCWD, file, kLargest);
  return runtime::spec::parse_resources_document(text, name);
}

// What the configuration said of swap goes on to hold beside another limit on memory.
void keep_swap(const runtime::Container& container, const RuntimeOptions& runtime,
               Resources& resources) {
  if (!resources.memory_limit || resources.memory_swap) return;
  const auto root = runtime::StateRoot::open_if_exists(runtime.root);
  const auto before =
      root->find(container.record().id).configuration().linux_.resources.memory_swap;
  if (before && (*before < 0 || *before >= *resources.memory_limit)) resources.memory_swap = before;
}

// Lines for the container's resctrl group.
std::vector<std::string> schemata_lines(const UpdateOptions& options) {
  std::vector<std::string> lines;
  for (const std::string* value : {&options.l3_cache_schema, &options.mem_bw_schema}) {
    if (!value->empty()) lines.push_back(*value);
  }
  return lines;
}

void refuse_schemata(const UpdateOptions& options, const runtime::Container& container) {
  if (container.record().cache_group) return;
  throw Error(
      std::string(options.l3_cache_schema.empty() ? "--mem-bw-schema" : "--l3-cache-schema") +
      ": container '" + options.id +
      "' has no linux.intelRdt in its configuration: there is no group to change");
}

}  // namespace

Resources wished_resources(const UpdateOptions& o) {
  Resources r;
  if (!o.blkio_weight.empty()) {
    const uint64_t weight = parse_unsigned("--blkio-weight", o.blkio_weight);
    if (weight != 0 && (weight < 10 || weight > 1000)) {
      throw Error("--blkio-weight: '" + o.blkio_weight + "' is not between 10 and 1000");
    }
    r.block_io.weight = static_cast<uint16_t>(weight);
    drop_zero(r.block_io.weight);
  }
  take(r.cpu_period, "--cpu-period", o.cpu_period, parse_unsigned);
  take(r.cpu_quota, "--cpu-quota", o.cpu_quota, parse_signed);
  take(r.cpu_burst, "--cpu-burst", o.cpu_burst, parse_unsigned);
  take(r.cpu_shares, "--cpu-share", o.cpu_share, parse_unsigned);
  take(r.cpu_realtime_period, "--cpu-rt-period", o.cpu_rt_period, parse_unsigned);
  take(r.cpu_realtime_runtime, "--cpu-rt-runtime", o.cpu_rt_runtime, parse_signed);
  drop_zero(r.cpu_period);
  drop_zero(r.cpu_quota);
  drop_zero(r.cpu_shares);
  drop_zero(r.cpu_realtime_period);
  drop_zero(r.cpu_realtime_runtime);
  if (!o.cpu_idle.empty()) {
    const int64_t idle = parse_signed("--cpu-idle", o.cpu_idle);
    if (idle != 0 && idle != 1) throw Error("--cpu-idle: '" + o.cpu_idle + "' is not 0 or 1");
    r.cpu_idle = idle == 1;
  }
  r.cpus = o.cpuset_cpus;
  r.mems = o.cpuset_mems;
  take(r.memory_limit, "--memory", o.memory, parse_bytes);
  take(r.memory_reservation, "--memory-reservation", o.memory_reservation, parse_bytes);
  take(r.memory_swap, "--memory-swap", o.memory_swap, parse_bytes);
  drop_zero(r.memory_limit);
  drop_zero(r.memory_reservation);
  drop_zero(r.memory_swap);
  take(r.pids_limit, "--pids-limit", o.pids_limit, parse_signed);
  return r;
}

int update(const RuntimeOptions& runtime, const UpdateOptions& options) {
  const std::vector<std::string> schemata = schemata_lines(options);
  Resources wished =
      options.resources.empty() ? wished_resources(options) : from_file(options.resources);
  const runtime::StateLock lock = lock_of(runtime, options.id);
  const ContainerCgroup group = cgroup_of(runtime, options.id);
  if (group.container.status() == runtime::Status::stopped) {
    throw Error("cannot update container '" + options.id + "': container not running");
  }
  if (!schemata.empty()) refuse_schemata(options, group.container);
  keep_swap(group.container, runtime, wished);
  runtime::apply_resources(group.hierarchy, group.container.record(), wished);
  if (!schemata.empty()) group.container.change_cache_group(schemata);
  return 0;
}

}  // namespace berth::launcher
