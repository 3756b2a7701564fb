// process.rlimits, in two steps: raising a hard limit takes a right that a user namespace does not
// give, lowering a soft one can make our own set-up fail.
#pragma once

#include <vector>

#include "runtime/spec/spec.h"

namespace berth::runtime::process {

// On the host, before any namespace: raises hard limits that are below what is asked for.
void raise_hard_limits(const std::vector<spec::Rlimit>& rlimits);
// Just before the late limits: the final values.
void set_rlimits(const std::vector<spec::Rlimit>& rlimits);

}  // namespace berth::runtime::process
