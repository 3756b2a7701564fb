// linux.timeOffsets and the entry into a time namespace that this process has made.
#pragma once

#include <vector>

#include "runtime/spec/spec.h"

namespace berth::runtime::process {

// After unshare(CLONE_NEWTIME), while /proc is the host's. unshare alone would leave this process
// where it was. `alone`: no other process is in this one's user namespace, so that it may be seen
// for a moment.
void enter_time_namespace(const std::vector<spec::TimeOffset>& offsets, bool alone);

}  // namespace berth::runtime::process
