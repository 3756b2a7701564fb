// linux.memoryPolicy: the NUMA nodes that the program's memory comes from.
#pragma once

#include "runtime/spec/spec.h"

namespace berth::runtime::process {

// In the container's cgroup, whose cpuset says which nodes there are. execve keeps it.
void set_memory_policy(const spec::MemoryPolicy& policy);

}  // namespace berth::runtime::process
