// Where a start's time goes, for who asks: the steps of this process and of the children that it
// makes, by one clock. Nobody asks, a step costs one load and one branch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace berth {

struct StepTime {
  const char* name = nullptr;
  bool child = false;        // of a child of the process that began
  int64_t microseconds = 0;  // since the beginning
};

// CLOCK_MONOTONIC, the same for all processes of this machine.
int64_t monotonic_nanoseconds() noexcept;

// From here on steps are counted, until the process ends; their times are since that moment (0:
// now). Called once, with one thread. Throws Error.
void begin_step_times(int64_t since = 0);
// Whoever does the step of this name does `then` too, which throws nothing: a process that another
// program takes the place of has no later moment to tell its times. Both outlive the steps.
void at_step(const char* name, void (*then)());
// `name`, a literal, is done.
void step_done(const char* name) noexcept;
// Those up to now, in their order. Empty where none were begun.
std::vector<StepTime> step_times();
// The same as text: a line for each, with the time since the one before.
std::string step_time_lines();

}  // namespace berth
