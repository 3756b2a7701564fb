// A program of the host's, run for what it says.
#pragma once

#include <string>
#include <vector>

namespace berth {

struct Finished {
  int status = 0;      // as wait(2) gives it
  std::string output;  // both standard streams
};

// `words[0]` is looked up in PATH. Waits for its end. Throws Error where it cannot be started, and
// EFBIG where it says more than `most` bytes.
Finished run_program(const std::vector<std::string>& words, size_t most = size_t{1} << 20);

}  // namespace berth
