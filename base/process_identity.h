// Telling a process from a later one with the same pid.
#pragma once

#include <sys/types.h>

#include <optional>

namespace berth {

// proc(5) stat field 22, clock ticks since boot; nothing where no such process lives (a zombie does
// not).
std::optional<unsigned long long> start_time_of(pid_t pid);

}  // namespace berth
