#include "tests/e2e/saved_count.h"

#include <unistd.h>

#include <sstream>

#include "tests/support/criu.h"

namespace berth::test {
RunOptions with_criu(RunOptions options) {
  options.timeout = kCriuTimeout;
  options.more.merge(criu_variables());
  return options;
}

std::vector<int> numbers(const std::string& text) {
  std::vector<int> found;
  std::istringstream lines(text.substr(0, text.rfind('\n') + 1));
  for (int number = 0; lines >> number;) found.push_back(number);
  return found;
}

std::vector<int> await_numbers(Running& running, size_t enough) {
  const auto end = std::chrono::steady_clock::now() + kCriuTimeout;
  while (numbers(running.out_so_far()).size() < enough && std::chrono::steady_clock::now() < end) {
    ::usleep(20'000);
  }
  return numbers(running.out_so_far());
}

std::vector<int> from_to(int first, int last) {
  std::vector<int> all;
  for (int number = first; number <= last; ++number) all.push_back(number);
  return all;
}

}  // namespace berth::test
