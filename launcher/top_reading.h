// `berth top`: one reading of this node.
#pragma once

#include "launcher/claims.h"
#include "launcher/top_rows.h"
#include "rdt/resctrl.h"

namespace berth::launcher {

// `claims` and `resctrl`: null where there are none. Throws Error where nothing is counted: no
// resctrl, or one without monitoring.
TopSample read_top(const topology::Machine& machine, const Claims* claims,
                   const rdt::Resctrl* resctrl);

}  // namespace berth::launcher
