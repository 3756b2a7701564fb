#include "runtime/process/signal_name.h"

#include <signal.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/error.h"

namespace berth::runtime::process {
namespace {

std::optional<int> parse_number(std::string_view text) {
  int number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// `RTMIN`, `RTMIN+3`, `RTMAX-1`.
std::optional<int> parse_real_time(std::string_view name) {
  const bool from_min = name.starts_with("RTMIN");
  if (!from_min && !name.starts_with("RTMAX")) return std::nullopt;
  const std::string_view rest = name.substr(5);
  const int base = from_min ? SIGRTMIN : SIGRTMAX;
  if (rest.empty()) return base;
  if (rest.front() != (from_min ? '+' : '-')) return std::nullopt;
  const auto offset = parse_number(rest.substr(1));
  if (!offset || *offset < 0) return std::nullopt;
  const int signal = from_min ? base + *offset : base - *offset;
  if (signal < SIGRTMIN || signal > SIGRTMAX) return std::nullopt;
  return signal;
}

std::optional<int> parse_name(std::string_view name) {
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    const char* const known = ::sigabbrev_np(signal);
    if (known != nullptr && name == known) return signal;
  }
  if (name == "CLD") return SIGCHLD;
  if (name == "IOT") return SIGABRT;
  if (name == "POLL") return SIGIO;
  return parse_real_time(name);
}

}  // namespace

int parse_signal(std::string_view text) {
  if (const auto number = parse_number(text)) {
    if (*number >= 0 && *number <= SIGRTMAX) return *number;
  } else {
    std::string name(text);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
    std::string_view bare = name;
    if (bare.starts_with("SIG")) bare.remove_prefix(3);
    if (const auto signal = parse_name(bare)) return *signal;
  }
  throw Error("unknown signal '" + std::string(text) +
              "': a name (TERM, SIGTERM, RTMIN+3) or a "
              "number up to " +
              std::to_string(SIGRTMAX) + " is allowed");
}

std::string signal_text(int signal) {
  const char* const known = ::sigdescr_np(signal);
  std::string number = std::to_string(signal);
  if (known == nullptr) return number;
  std::string description = known;
  std::ranges::transform(description, description.begin(),
                         [](unsigned char c) { return std::tolower(c); });
  return number + " (" + description + ")";
}

}  // namespace berth::runtime::process
