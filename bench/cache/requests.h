// A server that is asked at fixed times, however long it takes to answer: who is measured by the
// requests that it sends after each answer does not see the queue (coordinated omission).
#pragma once

#include <span>

#include "bench/cache/memory.h"
#include "bench/cache/workload.h"

namespace berth::cache_bench {

inline constexpr uint64_t kLookups = 128;  // dependent loads of a request, from a random line on

// Serves through the warm-up, whose requests are not counted, and the run. A request's latency is
// from its arrival, not from when it is taken up. `lines` are a cycle (link_cycle).
VictimResult serve(const VictimTask& task, std::span<Line> lines);

}  // namespace berth::cache_bench
