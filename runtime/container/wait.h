// What those who wait for a child have in common. Private to this folder.
#pragma once

#include <signal.h>

#include "runtime/container/spawn.h"

namespace berth::runtime {

// Reaps it.
siginfo_t wait_for_end(const Child& child);
// As a shell has it: the program's, or 128 + signal.
int exit_status(const siginfo_t& end);
void send_signal(const Child& child, int signal);

}  // namespace berth::runtime
