// process.execCPUAffinity: the CPUs of a process that joins a container. Without it they stay what
// the caller has: a batch system has chosen them.
#pragma once

#include <vector>

namespace berth::runtime::process {

// `key` is for the message. As many CPUs as the kernel has numbers for.
void set_cpu_affinity(const std::vector<unsigned>& cpus, const char* key);

}  // namespace berth::runtime::process
