// Limits as open descriptors: privilege opened them, the last act before execve writes them. Memory
// and process limits so tight that the set-up itself would not fit still let the program start.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"

namespace berth::runtime {

struct LateLimit {
  UniqueFd fd;  // open for writing: cgroup v2 `memory.max`, v1 `memory.limit_in_bytes`, `pids.max`
  std::string value;  // decimal or `max`
  std::string name;   // for messages: `memory.max`
};

struct LateLimits {
  std::vector<LateLimit> limits;  // applied in this order
  // Writes each with one write(2) and closes it; again for some 20 ms where the kernel says EBUSY.
  // Throws Error naming the limit and the value.
  void apply() &&;
};

}  // namespace berth::runtime
