// The foreground of a program with a terminal of its own: this process' terminal is a wire to it.
#pragma once

#include "base/fd.h"
#include "runtime/container/spawn.h"
#include "runtime/spec/spec.h"

namespace berth::runtime {

// Before the program starts: it begins with the size of this process' terminal, where that has one,
// and needs no signal about it.
void take_own_size(spec::Process& process);

// As forward_and_wait; meanwhile what comes on this process' stdin goes to the master, and what the
// master says to its stdout. Where stdin is a terminal it is raw until the end (keys that signal
// signal the program), and its size is the program's, also when it changes.
int relay_and_wait(const Child& child, const UniqueFd& master, const SignalQueue& signals,
                   const NotifySocket* notify = nullptr);
int relay_and_wait(const Child& child, const UniqueFd& master);

}  // namespace berth::runtime
