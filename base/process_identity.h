// Telling a process from a later one with the same pid.
#pragma once

#include <sys/types.h>

#include <optional>

#include "base/fd.h"

namespace berth {

// proc(5) stat field 22, clock ticks since boot; nothing where no such process lives (a zombie does
// not).
std::optional<unsigned long long> start_time_of(pid_t pid);
// pidfd_open(2). Nothing where it is gone, or on its way: the kernel says EINVAL of a number whose
// process is just being reaped (kernel/fork.c, pidfd_prepare). Throws Error.
std::optional<UniqueFd> open_process(pid_t pid);

}  // namespace berth
