// `berth top`'s loop: reads, and shows, until it is told to end.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "launcher/top_rows.h"

namespace berth::launcher {

struct WatchOptions {
  enum class Output {
    screen,  // a page on the terminal `out`, keys from `in`
    lines,   // a block of lines for each reading
    json,    // a line for each reading
  };
  Output output = Output::lines;
  std::chrono::milliseconds interval{1000};
  std::optional<uint64_t> count;  // of what is shown; nothing: without end
  TopOrder order = TopOrder::bandwidth;
};

// Returns the exit status: 0 after `q`, Ctrl-C, the last of `count` or when nobody reads `out` any
// more; 128+N after another signal. A page is there at once, though without rates; lines and JSON
// come after the first interval. Throws what `read` throws, the terminal as it was.
int watch(const WatchOptions& options, const std::function<TopSample()>& read, int in, int out);

}  // namespace berth::launcher
