#include "launcher/flag_value.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/error.h"

namespace berth::launcher {
namespace {

[[noreturn]] void fail(std::string_view option, std::string_view text, std::string_view what) {
  throw Error(std::string(option) + ": '" + std::string(text) + "' is not " + std::string(what));
}

template <class T>
T whole(std::string_view option, std::string_view text) {
  T value{};
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status == std::errc() && end == text.data() + text.size()) return value;
  fail(option, text, "a whole number of that range");
}

// A number in front, without sign or exponent; `text` is what follows it.
std::optional<double> take_number(std::string_view& text) {
  const size_t length = std::min(text.find_first_not_of("0123456789."), text.size());
  double value = 0;
  const auto [end, status] =
      std::from_chars(text.data(), text.data() + length, value, std::chars_format::fixed);
  if (status != std::errc() || end != text.data() + length) return std::nullopt;
  text.remove_prefix(length);
  return value;
}

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

struct Unit {
  std::string_view name;
  double milliseconds;
};
constexpr auto kUnits = std::to_array<Unit>(
    {{"ns", 1e-6}, {"us", 1e-3}, {"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}});

}  // namespace

int64_t parse_bytes(std::string_view option, std::string_view text) {
  if (text == "-1") return -1;
  std::string_view unit = text;
  const auto number = take_number(unit);
  double factor = 1;
  if (!unit.empty()) {
    constexpr std::string_view kPrefixes = "kmgtp";
    const size_t power = kPrefixes.find(lower(unit.front()));
    if (power != std::string_view::npos) {
      factor = std::pow(1024.0, static_cast<double>(power + 1));
      unit.remove_prefix(1);
      if (!unit.empty() && lower(unit.front()) == 'i') unit.remove_prefix(1);
    }
    if (!unit.empty() && lower(unit.front()) == 'b') unit.remove_prefix(1);
  }
  if (!number || !unit.empty() || *number * factor >= 9.2e18) {
    fail(option, text, "a size such as 512m, 2g or 1048576");
  }
  return static_cast<int64_t>(*number * factor);
}

uint64_t parse_unsigned(std::string_view option, std::string_view text) {
  return whole<uint64_t>(option, text);
}

int64_t parse_signed(std::string_view option, std::string_view text) {
  return whole<int64_t>(option, text);
}

std::chrono::milliseconds parse_duration(std::string_view option, std::string_view text) {
  double sum = 0;
  std::string_view rest = text;
  do {
    const auto number = take_number(rest);
    const size_t length = std::min(rest.find_first_of("0123456789."), rest.size());
    const Unit* found = nullptr;
    for (const Unit& unit : kUnits) {
      if (unit.name == rest.substr(0, length)) found = &unit;
    }
    if (!number || found == nullptr) fail(option, text, "a duration such as 5s or 1m30s");
    sum += *number * found->milliseconds;
    rest.remove_prefix(length);
  } while (!rest.empty());
  if (sum < 1 || sum > 1e12) fail(option, text, "a duration between 1ms and some years");
  return std::chrono::milliseconds(static_cast<int64_t>(sum));
}

}  // namespace berth::launcher
