// The figures of the resctrl group that a container's process is in, for `events`.
#pragma once

#include "rdt/resctrl.h"
#include "runtime/resources/stats.h"
#include "runtime/state/state.h"

namespace berth::launcher {

// Of the default group, which is everybody's, nothing unless the container was put there by its
// configuration; nothing where there is no resctrl either. Figures are of the container's monitor
// group if it has one.
runtime::resources::RdtStats rdt_stats_of(const runtime::Record& record);
runtime::resources::RdtStats rdt_stats(const rdt::Resctrl& resctrl, const rdt::Group& group,
                                       const rdt::Group& counted);

}  // namespace berth::launcher
