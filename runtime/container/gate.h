// The socket `start` in a container's folder: on it the created process waits. Who connects lets it
// go on; the connection says how execve went. Private to this folder.
#pragma once

#include <functional>

#include "base/fd.h"

namespace berth::runtime {

UniqueFd open_gate(int folder);
// The process' side: waits until somebody comes, and returns the connection. What asks a program to
// end (SIGTERM, INT, HUP, QUIT) ends it meanwhile, also as process 1 of a PID namespace, and also
// one that was blocked and came before; on return dispositions and mask are as they were.
UniqueFd await_start(const UniqueFd& gate);
// Returns when the program is executed. Throws EnterFailure with the process' own message.
// `connect_agent` is called where the process asks for its seccomp agent, whose path is the host's.
void pass_gate(int folder, const std::function<UniqueFd()>& connect_agent);
void remove_gate(int folder);

}  // namespace berth::runtime
