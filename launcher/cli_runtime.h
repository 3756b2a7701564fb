// The command line of the OCI runtime, runc's: `berth [global options] VERB [options] ID`.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <vector>

namespace berth::launcher {

void add_runtime_verbs(CLI::App& app, std::function<int()>& chosen,
                       const std::vector<int>& descriptors);

}  // namespace berth::launcher
