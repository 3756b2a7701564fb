// Where a start's time goes, for who asks: the steps of this process and of the children that it
// makes, by one clock. Nobody asks, a step costs one load and one branch.
#pragma once

#include <cstdint>
#include <vector>

namespace berth {

struct StepTime {
  const char* name = nullptr;
  bool child = false;        // of a child of the process that began
  int64_t microseconds = 0;  // since the beginning
};

// From here on steps are counted, until the process ends. Called once, with one thread. Throws
// Error.
void begin_step_times();
// `name`, a literal, is done.
void step_done(const char* name) noexcept;
// Those up to now, in their order. Empty where none were begun.
std::vector<StepTime> step_times();

}  // namespace berth
