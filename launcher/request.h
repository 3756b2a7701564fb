// What a user asks of a node: the container and its share of cache and memory. Syntax only, no
// policy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "rdt/allocate.h"

namespace berth::launcher {

struct Request {
  std::string claim;    // `job_12`, `launch_4711`: what the groups of this request are called by
  std::string purpose;  // the same for people: `job 12`
  std::string bundle;   // absolute; empty for a task without a container
  std::optional<rdt::Amount> l3;
  bool l3_shared = false;
  // Bytes of the whole claim (Slurm's S_JOB_ALLOC_MEM) and of each task; processes of each task.
  std::optional<int64_t> job_memory, task_memory, task_pids;
};

}  // namespace berth::launcher
