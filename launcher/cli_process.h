// The command line of the verbs exec, spec and features.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <vector>

#include "launcher/cli_resources.h"

namespace berth::launcher {

// `choose` makes a verb's work what the program does when that verb is given.
void add_process_verbs(CLI::App& app, const std::vector<int>& descriptors,
                       const std::function<void(CLI::App* verb, const RuntimeWork& work)>& choose);

}  // namespace berth::launcher
