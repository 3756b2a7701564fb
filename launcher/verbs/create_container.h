// What create and run have in common.
#pragma once

#include "launcher/verbs/container_of.h"
#include "launcher/verbs/runtime_verbs.h"

namespace berth::launcher {

// With its warnings told and its descriptor sent. Where it fails, nothing of it is left.
runtime::Container create_container(const RuntimeOptions& runtime, const CreateOptions& options);

}  // namespace berth::launcher
