// A bundle's linux.intelRdt where a job's task is not to write resctrl itself: what it wishes for.
#pragma once

#include "launcher/rdt_request.h"
#include "runtime/spec/spec.h"

namespace berth::launcher {

// As many ways as its widest L3 mask has, its largest bandwidth, the class that closID names: the
// positions of masks are the layout's to choose. Nothing of lines that are none of resctrl's.
RdtOptions options_of(const runtime::spec::IntelRdt& rdt);

}  // namespace berth::launcher
