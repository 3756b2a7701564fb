// `berth show --prometheus`: the node's caches as metrics, in the text format that node_exporter's
// textfile collector takes (Prometheus: exposition formats, 0.0.4). Pure.
#pragma once

#include <string>
#include <vector>

#include "launcher/cache_map.h"
#include "launcher/counters.h"

namespace berth::launcher {

// `rmids_used`: by all groups. `rules`: what of the policy decides which ways are free. Where
// resctrl is not mounted there is `berth_resctrl_mounted 0` and nothing else.
std::string to_prometheus(const NodeFacts& facts, const std::vector<CountedHolder>& counted,
                          unsigned rmids_used, const rdt::Rules& rules);

}  // namespace berth::launcher
