// Who shows a container's terminal. Private to this folder.
#pragma once

#include "runtime/container/create_request.h"
#include "runtime/spec/spec.h"

namespace berth::runtime {

// Throws Error where it would be both this process and who gave a socket for it, or nobody.
void check_terminal(const spec::Process& process, const CreateRequest& request);

}  // namespace berth::runtime
