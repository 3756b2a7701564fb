// process.ioPriority: whose reads and writes go first.
#pragma once

#include "runtime/spec/spec.h"

namespace berth::runtime::process {

// On the host: the real-time class takes a right that a user namespace does not give. Children and
// execve keep it.
void set_io_priority(const spec::IoPriority& priority);

}  // namespace berth::runtime::process
