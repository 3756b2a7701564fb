// The program's standard descriptors, for a program that is another user than who starts it.
#pragma once

#include <sys/types.h>

namespace berth::runtime::process {

// On the host: pipes, sockets and files that are this process' own become the user's, so that
// /dev/stdout can be opened again inside. Terminals and /dev/null stay what they are, and what is
// somebody else's stays his. `uid` as the host counts.
void give_stdio(uid_t uid);

// In the container, of whose root this process has the rights: where a descriptor is the host's
// null device, the container's takes its place, for with the descriptor come its mode and owner.
// Stays as it is where the container has no null device.
void take_own_null_device();

}  // namespace berth::runtime::process
