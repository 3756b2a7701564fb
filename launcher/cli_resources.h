// The command line of the verbs about a container's cgroup: pause, resume, update, events, ps.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "launcher/verb_table.h"
#include "launcher/verbs/runtime_verbs.h"

namespace berth::launcher {

using RuntimeWork = std::function<int(const RuntimeOptions&)>;
// Makes a verb's work what the program does when that verb is given.
using Choose = std::function<void(CLI::App* verb, const RuntimeWork& work)>;
// `app` outlives the table.
void offer_resource_verbs(VerbTable& table, CLI::App& app, const Choose& choose);

}  // namespace berth::launcher
