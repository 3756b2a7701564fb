// The words of the command line, before they are parsed.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace berth::launcher {

// Go's flag package, and with it runc, takes a long option with one dash as well, and containerd
// writes `restore -no-subreaper`: such words get their second. Only options that `app` and the verb
// are described to have, and only up to the verb's first argument: what follows may be a program's.
// `words`: without the name of berth.
std::vector<std::string> with_two_dashes(std::vector<std::string> words, const CLI::App& app);

}  // namespace berth::launcher
