// What a user asks of a node: the container and its share of cache and memory. Syntax only, no
// policy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "launcher/rdt_policy.h"

namespace berth::launcher {

struct Request {
  std::string claim;    // `job_12`, `launch_4711`: what the groups of this request are called by
  std::string purpose;  // the same for people: `job 12`
  std::string node;     // its name among others, for records; empty: what it calls itself
  std::string part;     // of the claim, a step: `0`; empty: nobody counts it apart
  std::string bundle;   // absolute; empty for a task without a container
  RdtRequest rdt;
  Asker asker;  // for the policy's rules
  // A bundle's linux.intelRdt and not what somebody asked for: clamped by the policy, and given up
  // with a warning where it cannot be had.
  bool rdt_is_a_wish = false;
  // Bytes of the whole claim (Slurm's S_JOB_ALLOC_MEM) and of each task; processes of each task.
  std::optional<int64_t> job_memory, task_memory, task_pids;
};

}  // namespace berth::launcher
