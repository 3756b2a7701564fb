// The command line of the verbs exec, spec and features.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <vector>

#include "launcher/cli_options.h"
#include "launcher/cli_resources.h"

namespace berth::launcher {

// `app`, `descriptors` and `meant` outlive the table.
void offer_process_verbs(VerbTable& table, CLI::App& app, const std::vector<int>& descriptors,
                         const MeantOptions& meant, const Choose& choose);

}  // namespace berth::launcher
