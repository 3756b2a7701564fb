// The victims' loops. Each runs in a process of its own, already on its CPU.
#pragma once

#include <functional>

#include "bench/cache/workload.h"

namespace berth::cache_bench {

// Makes the working set, calls `ready` and, when that returns, works through the warm-up, which is
// not counted, and the run. Throws Error where there is no memory for it.
VictimResult run_victim(const VictimTask& task, const std::function<void()>& ready);

}  // namespace berth::cache_bench
