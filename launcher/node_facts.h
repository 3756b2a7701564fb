// This node's caches and who holds them, read once.
#pragma once

#include "launcher/cache_map.h"
#include "rdt/resctrl.h"

namespace berth::launcher {

// `claims` and `resctrl`: null where there are none. Takes no lock: what changes meanwhile may
// be seen half.
NodeFacts node_facts(const topology::Machine& machine, const Claims* claims,
                     const rdt::Resctrl* resctrl);
NodeFacts node_facts(const topology::Machine& machine);

}  // namespace berth::launcher
