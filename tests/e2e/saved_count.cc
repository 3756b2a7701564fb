#include "tests/e2e/saved_count.h"

#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "tests/support/lacking.h"

namespace berth::test {
namespace {

std::string unpacked() {
  return BERTH_SOURCE_DIR "/build/vm/root";
}

}  // namespace

std::string criu_program() {
  const std::string own = unpacked() + "/usr/sbin/criu";
  return std::filesystem::exists(own) ? own : "criu";
}

RunOptions with_criu(RunOptions options) {
  const std::string root = unpacked();
  options.timeout = kCriuTimeout;
  options.more["LD_LIBRARY_PATH"] =
      root + "/usr/lib/x86_64-linux-gnu:" + root + "/lib/x86_64-linux-gnu";
  return options;
}

std::string lacks_criu() {
  if (criu_program() == "criu") {
    if (std::string why = lacks_program("criu"); !why.empty()) return why;
  }
  const Ran ran = run({criu_program(), "check"}, with_criu());
  const std::string said = ran.err.substr(0, ran.err.find('\n'));
  return ran.status == 0 ? "" : "criu check: " + said;
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
