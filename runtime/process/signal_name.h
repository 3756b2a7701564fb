// Signals by the names that people type.
#pragma once

#include <string>
#include <string_view>

namespace berth::runtime::process {

// `TERM`, `SIGTERM`, `15`, `RTMIN+3`, `SIGRTMAX-1`, in either case. Throws Error that names it.
int parse_signal(std::string_view text);

// For messages: `31 (bad system call)`.
std::string signal_text(int signal);

}  // namespace berth::runtime::process
