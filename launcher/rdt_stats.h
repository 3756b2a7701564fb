// The figures of the resctrl group that a container's process is in, for `events`.
#pragma once

#include <sys/types.h>

#include "rdt/resctrl.h"
#include "runtime/resources/stats.h"

namespace berth::launcher {

// Of the default group, which is everybody's, nothing; nothing where there is no resctrl either.
runtime::resources::RdtStats rdt_stats_of(pid_t pid);
runtime::resources::RdtStats rdt_stats(const rdt::Resctrl& resctrl, const rdt::Group& group);

}  // namespace berth::launcher
