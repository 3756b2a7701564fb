// The aggressors' loops. Each runs in a process of its own, already on its CPU.
#pragma once

#include <functional>

#include "bench/cache/workload.h"

namespace berth::cache_bench {

// Touches its memory, calls `ready` and works until `stop` says so, which is asked every 64 KiB.
AggressorResult run_aggressor(const AggressorTask& task, const std::function<void()>& ready,
                              const std::function<bool()>& stop);

}  // namespace berth::cache_bench
