// hostname and domainname of the container's UTS namespace.
#pragma once

#include "runtime/spec/spec.h"

namespace berth::runtime::process {

// Refuses to name the host: a spec without a UTS namespace of its own must not have one.
void set_host_name(const spec::Spec& spec);

}  // namespace berth::runtime::process
