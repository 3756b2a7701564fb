// The programs that a configuration has run at points of a container's life (runtime-spec,
// "POSIX-platform Hooks").
#pragma once

#include <string>
#include <vector>

#include "runtime/spec/spec.h"

namespace berth::runtime {

// Runs them in order in this process' namespaces, with `state` on standard input. Throws Error that
// names the hook, how it ended and the end of what it printed: `hooks.prestart[0]: '/bin/x' ended
// with 1: no such device`. One that outlives its timeout is killed. `kind` is the list's name in
// config.json.
void run_hooks(const std::vector<spec::Hook>& hooks, const std::string& kind,
               const std::string& state);

}  // namespace berth::runtime
