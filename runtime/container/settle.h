// What criu leaves to do before the processes that it made go on. Private to this folder.
#pragma once

#include <sys/types.h>

#include "runtime/spec/spec.h"

namespace berth::runtime {

// In the namespaces of `pid`, a container's first process: gives the mounts that come from outside
// the attributes again that the configuration asks for (criu 3.17 gives them to the first of those
// that share a device, and none to the others: a read-only one would be writable), and raises the
// loopback interface of an own network namespace.
void settle(pid_t pid, const spec::Spec& spec);

}  // namespace berth::runtime
