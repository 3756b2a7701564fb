// From the command line's words to a container.
#pragma once

#include <string>

#include "launcher/verbs/runtime_verbs.h"
#include "runtime/container/container.h"

namespace berth::launcher {

// Throws Error: `container 'ID' does not exist`.
runtime::Container container_of(const RuntimeOptions& runtime, const std::string& id);

}  // namespace berth::launcher
