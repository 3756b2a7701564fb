// process.oomScoreAdj: whom the kernel kills first.
#pragma once

#include "runtime/spec/spec.h"

namespace berth::runtime::process {

// On the host, before any namespace or change of user: lowering the value takes the host's rights,
// and the file stops being this process' own.
void set_oom_score(const spec::Process& process);

}  // namespace berth::runtime::process
