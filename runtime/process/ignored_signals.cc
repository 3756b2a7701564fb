#include "runtime/process/ignored_signals.h"

#include <fcntl.h>

#include <charconv>
#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/file.h"

namespace berth::runtime::process {

std::vector<int> ignored_signals() {
  constexpr std::string_view kKey = "\nSigIgn:\t";
  const std::string text = read_file(AT_FDCWD, "/proc/self/status");
  const size_t at = text.find(kKey);
  uint64_t mask = ~uint64_t{0};
  if (at != std::string::npos) {
    const char* const begin = text.data() + at + kKey.size();
    (void)std::from_chars(begin, text.data() + text.size(), mask, 16);
  }
  std::vector<int> signals;
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    if ((mask >> (signal - 1) & 1) != 0) signals.push_back(signal);
  }
  return signals;
}

void unignore(const std::vector<int>& signals) {
  for (const int signal : signals) {
    if (signal != SIGHUP && signal != SIGINT) ::signal(signal, SIG_DFL);
  }
}

}  // namespace berth::runtime::process
