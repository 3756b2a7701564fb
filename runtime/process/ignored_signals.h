// The signals that this process ignores, which a program that it executes would ignore too.
#pragma once

#include <vector>

namespace berth::runtime::process {

// By one look into /proc, while that is the host's: to ask for each would take as many calls as
// there are signals. All of them where /proc does not say.
std::vector<int> ignored_signals();

// What a caller of runtimes ignores for itself (Python: SIGPIPE) would be ignored by the program.
// Who ignores a hang-up or an interrupt means it so (nohup(1)). Handlers end with execve.
void unignore(const std::vector<int>& signals);

}  // namespace berth::runtime::process
