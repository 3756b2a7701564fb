// Options as typed -> a request and the CPUs it is for.
#pragma once

#include "launcher/request.h"
#include "launcher/verbs/verbs.h"
#include "topology/machine.h"

namespace berth::launcher {

// Throws Error naming the option and what is allowed.
Request to_request(const WishOptions& options);

// The CPUs of --cores, else those this process may run on (of another machine: all of its CPUs).
topology::CpuSet to_cpus(const WishOptions& options, const topology::Machine& machine);

}  // namespace berth::launcher
