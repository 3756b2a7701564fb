// The socket `start` in a container's folder: on it the created process waits. Who connects lets it
// go on; the connection says how execve went. Private to this folder.
#pragma once

#include "base/fd.h"

namespace berth::runtime {

UniqueFd open_gate(int folder);
// Returns when the program is executed. Throws EnterFailure with the process' own message.
void pass_gate(int folder);
void remove_gate(int folder);

}  // namespace berth::runtime
