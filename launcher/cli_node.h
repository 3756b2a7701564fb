// The command line of the verbs about a node's caches.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "launcher/verb_table.h"
#include "launcher/verbs/verbs.h"

namespace berth::launcher {

CLI::Option* add_format(CLI::App& verb, Format& format);

// `chosen` becomes the work of the verb that is given. It and `app` outlive the table.
void offer_node_verbs(VerbTable& table, CLI::App& app, std::function<int()>& chosen);

}  // namespace berth::launcher
