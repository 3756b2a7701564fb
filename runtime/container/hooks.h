// The programs that a configuration has run at points of a container's life (runtime-spec,
// "POSIX-platform Hooks").
#pragma once

#include <string>
#include <vector>

#include "runtime/spec/spec.h"

namespace berth::runtime {

// Runs them in order in this process' namespaces, with `state` on standard input. One that has no
// environment of its own gets `env`, and of this process' nothing. Throws Error that names the hook
// by its list in config.json (`kind`) and its place there, how it ended and the end of what it
// printed: `error running prestart hook #0: '/bin/x' ended with 1: no such device`. One that
// outlives its timeout is killed, with its children.
void run_hooks(const std::vector<spec::Hook>& hooks, const std::string& kind,
               const std::string& state, const std::vector<std::string>& env = {});

// A single one of a list, the `number`th of its kind.
void run_hook(const spec::Hook& hook, const std::string& kind, size_t number,
              const std::string& state);

}  // namespace berth::runtime
