// The command line of the OCI runtime, runc's: `berth [global options] VERB [options] ID`.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <vector>

#include "launcher/cli_options.h"
#include "launcher/verb_table.h"

namespace berth::launcher {

// Exit status of a verb of these that failed, runc's: callers tell errors apart by their text.
// exec has one of its own, kExecFailed.
inline constexpr int kRuntimeVerbFailed = 1;

// Adds the options before the verb, and offers the verbs. All that is passed outlives the table.
void offer_runtime_verbs(VerbTable& table, CLI::App& app, std::function<int()>& chosen,
                         const std::vector<int>& descriptors, const MeantOptions& meant);

// Whether this command line, which may be wrong, is one for an OCI runtime: by its verb, or by an
// option that stands before it.
bool is_for_runtime(const CLI::App& app);
// Tells an error of such a command line where its --log says, as far as it can be understood.
void log_usage_error(const CLI::App& app, const std::string& message);

}  // namespace berth::launcher
