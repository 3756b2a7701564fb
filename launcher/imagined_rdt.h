// What the hardware of a machine that is not at hand can do, as described in a word. Pure.
#pragma once

#include <string_view>

#include "rdt/capability.h"
#include "topology/machine.h"

namespace berth::launcher {

// Parts with commas between, in any order: `ways=20` of each L3 (11), `closids=16` (16), `io=c0001`
// ways that I/O fills too, hexadecimal (none), `min=2` ways at least (1), `sparse` masks may have
// holes, `cdp` code and data apart, which halves the CLOSIDs; `l2=8` ways of each L2 (not divided),
// `l2-closids=8` (8); `mb=8` CLOSIDs of memory bandwidth in per cent (not limited); `rmids=64`
// (64, 0: nothing is counted). In brackets what holds where a part is not given. Throws Error that
// names the part and what is allowed.
rdt::Capability imagined_rdt(std::string_view text, const topology::Machine& machine);

}  // namespace berth::launcher
