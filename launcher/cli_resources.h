// The command line of the verbs about a container's cgroup: pause, resume, update, events, ps.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "launcher/verbs/runtime_verbs.h"

namespace berth::launcher {

using RuntimeWork = std::function<int(const RuntimeOptions&)>;
// `choose` makes a verb's work what the program does when that verb is given.
void add_resource_verbs(CLI::App& app,
                        const std::function<void(CLI::App* verb, const RuntimeWork& work)>& choose);

}  // namespace berth::launcher
