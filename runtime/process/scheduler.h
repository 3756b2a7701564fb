// process.scheduler: which of the kernel's schedulers runs the program.
#pragma once

#include "runtime/spec/spec.h"

namespace berth::runtime::process {

// Whether a child that is cloned afterwards has it too: then it can be set on the host, whose
// rights it may take. SCHED_DEADLINE forbids clone(2).
bool is_inherited(const spec::Scheduler& scheduler);
void set_scheduler(const spec::Scheduler& scheduler);

}  // namespace berth::runtime::process
