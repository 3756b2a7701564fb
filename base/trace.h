// What the libraries may say while they work. They never print: a program that wants to see the
// steps installs a sink, otherwise a trace costs one load and one branch.
#pragma once

#include <functional>
#include <string_view>

namespace berth {

using TraceSink = std::function<void(std::string_view line)>;

// Installs the sink for the process's life (an empty one removes it); gives back the one before.
TraceSink set_trace_sink(TraceSink sink);
bool tracing() noexcept;
void trace(std::string_view line);

}  // namespace berth
