// The OCI runtime's verbs about a container's cgroup. Each throws Error or returns the exit status.
#pragma once

#include <string>
#include <vector>

#include "launcher/verbs/runtime_verbs.h"
#include "runtime/cgroup/hierarchy.h"
#include "runtime/container/container.h"
#include "runtime/spec/spec.h"

namespace berth::launcher {

int pause(const RuntimeOptions& runtime, const std::string& id);
int resume(const RuntimeOptions& runtime, const std::string& id);

// As typed; empty: not given.
struct UpdateOptions {
  std::string id;
  std::string resources;  // file of a linux.resources object, `-`: standard input
  std::string blkio_weight, cpu_period, cpu_quota, cpu_burst, cpu_share, cpu_rt_period,
      cpu_rt_runtime, cpuset_cpus, cpuset_mems, memory, memory_reservation, memory_swap, cpu_idle,
      pids_limit, l3_cache_schema, mem_bw_schema;
};
// What the options (without the file) ask for. Pure.
runtime::spec::Resources wished_resources(const UpdateOptions& options);
int update(const RuntimeOptions& runtime, const UpdateOptions& options);

struct EventsOptions {
  std::string id, interval = "5s";
  bool once = false;  // the figures, and no more
};
int events(const RuntimeOptions& runtime, const EventsOptions& options);

struct PsOptions {
  std::string id, format = "table";
  std::vector<std::string> words;  // ps's own options
};
int ps(const RuntimeOptions& runtime, const PsOptions& options);

// A container and the cgroup that it has for itself.
struct ContainerCgroup {
  runtime::Container container;
  runtime::cgroup::Hierarchy hierarchy;
  const std::string& path() const { return container.record().cgroup; }
};
// Throws Error where there is no such container, or it has no cgroup of its own.
ContainerCgroup cgroup_of(const RuntimeOptions& runtime, const std::string& id);
// While it lives, no other command changes the container.
runtime::StateLock lock_of(const RuntimeOptions& runtime, const std::string& id);

}  // namespace berth::launcher
