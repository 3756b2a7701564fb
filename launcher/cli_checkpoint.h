// The command line of checkpoint and restore.
#pragma once

#include <CLI/CLI.hpp>

#include "launcher/cli_resources.h"

namespace berth::launcher {

// `app` outlives the table.
void offer_checkpoint_verbs(VerbTable& table, CLI::App& app, const Choose& choose);

}  // namespace berth::launcher
