// A stream of jobs through the allocator, event by event in simulated time.
// A loss system: a job that finds no cores, or no ways, goes away.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/rdt_simulate/figures.h"
#include "bench/rdt_simulate/jobs.h"
#include "bench/rdt_simulate/policy.h"

namespace berth::rdt_simulate {

// The first `warm_up` jobs are not counted. Throws Error where the allocator breaks a promise, or
// gives a step that the kernel would refuse.
Outcome replay(const Node& node, const Policy& policy, const std::vector<Job>& jobs,
               size_t warm_up);

// What two readings of the clock take here, in ns: a part of every DecisionTimes.
uint64_t clock_cost();

}  // namespace berth::rdt_simulate
