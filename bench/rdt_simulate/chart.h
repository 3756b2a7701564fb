// A study as a picture.
#pragma once

#include <string>

#include "bench/rdt_simulate/study.h"

namespace berth::rdt_simulate {

// SVG 1.1: for each node a panel with the rate of refusals over the load, and one with the ways
// that stand idle; a line for each policy.
std::string svg_of(const Study& study);

}  // namespace berth::rdt_simulate
