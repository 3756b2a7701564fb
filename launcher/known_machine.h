// This node's topology, looked at once: hwloc needs milliseconds and hundreds of files for what
// does not change while a node is up. Kept in the state directory, so that a reboot forgets it.
#pragma once

#include "launcher/claims.h"
#include "topology/machine.h"

namespace berth::launcher {

// What the state directory remembers, where that is root's file and the same CPUs are online as
// then; else hwloc's answer, which is remembered where the caller is root. Never fails for the
// file's sake.
topology::Machine known_machine(const std::string& state_dir = kStateDir);

}  // namespace berth::launcher
