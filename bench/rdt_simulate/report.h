// A study for people and for programs.
#pragma once

#include <string>

#include "bench/rdt_simulate/study.h"

namespace berth::rdt_simulate {

// What was simulated, then a table for each node.
std::string text_of(const Study& study);
// One object; ways are those below one L3, shares are between 0 and 1. But for what is below
// `decision_ns` and `clock_cost_ns` the same plan gives the same text.
std::string json_of(const Study& study);
// `no packing`, `packing`
std::string packing_of(const Policy& policy);

}  // namespace berth::rdt_simulate
