// A program that shows whether it went on where it was, for tests that save and restore it by criu.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "tests/support/shell.h"

namespace berth::test {

inline constexpr auto kCriuTimeout = std::chrono::seconds(120);  // an emulated machine is slow

// What it takes to run criu.
RunOptions with_criu(RunOptions options = {});

// For sh: counts without an end, a line for each number.
inline constexpr const char* kCount = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done";

// Of what it printed the whole lines: those that are there, or once `enough` of them are or time is
// over.
std::vector<int> numbers(const std::string& text);
std::vector<int> await_numbers(Running& running, size_t enough);
std::vector<int> from_to(int first, int last);

}  // namespace berth::test
