#include "rdt/amount.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>

#include "base/error.h"

namespace berth::rdt {

namespace {

struct ByteUnit {
  std::string_view name;
  uint64_t bytes;
};
// Binary ones first and large before small: to_string takes the first that divides.
constexpr ByteUnit kByteUnits[] = {{"GiB", uint64_t{1} << 30},
                                   {"MiB", uint64_t{1} << 20},
                                   {"KiB", uint64_t{1} << 10},
                                   {"GB", 1'000'000'000},
                                   {"MB", 1'000'000},
                                   {"kB", 1'000},
                                   {"B", 1}};

constexpr unsigned kMaxWays = 64;  // a capacity bitmask has no more bits, anywhere

// The user's text in a message that must stay one line.
std::string shown(std::string_view text) {
  constexpr size_t kLongest = 40;
  std::string result(text.substr(0, kLongest));
  std::ranges::replace_if(
      result, [](unsigned char c) { return std::isprint(c) == 0; }, '?');
  return text.size() > kLongest ? result + "..." : result;
}

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw Error(fmt::format(
      "'{}' is not an amount of L3 cache: {}; allowed are ways ('4w'), a share ('1%' to '100%') "
      "or a size ('8MiB'; B, kB, MB, GB, KiB, MiB, GiB)",
      shown(text), why));
}

uint64_t bytes_per_unit(std::string_view unit, std::string_view text) {
  const auto found = std::ranges::find(kByteUnits, unit, &ByteUnit::name);
  if (found == std::end(kByteUnits)) {
    refuse(text, unit.empty() ? "it has no unit" : fmt::format("'{}' is no unit", shown(unit)));
  }
  return found->bytes;
}

}  // namespace

Amount parse_amount(std::string_view text) {
  if (text.empty()) refuse(text, "it is empty");
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::result_out_of_range) refuse(text, "the number is too large");
  if (error != std::errc()) refuse(text, "it does not begin with a whole number");
  const std::string_view unit(stop, static_cast<size_t>(end - stop));
  if (number == 0) refuse(text, "it is nothing");
  if (unit == "w") {
    if (number > kMaxWays) refuse(text, fmt::format("no cache has more than {} ways", kMaxWays));
    return {Amount::Unit::ways, number};
  }
  if (unit == "%") {
    if (number > 100) refuse(text, "it is more than the whole");
    return {Amount::Unit::percent, number};
  }
  const uint64_t factor = bytes_per_unit(unit, text);
  if (number > std::numeric_limits<uint64_t>::max() / factor) {
    refuse(text, "the number is too large");
  }
  return {Amount::Unit::bytes, number * factor};
}

std::string to_string(const Amount& amount) {
  if (amount.unit == Amount::Unit::ways) return fmt::format("{}w", amount.value);
  if (amount.unit == Amount::Unit::percent) return fmt::format("{}%", amount.value);
  for (const ByteUnit& unit : kByteUnits) {
    if (amount.value % unit.bytes == 0) {
      return fmt::format("{}{}", amount.value / unit.bytes, unit.name);
    }
  }
  return {};
}

uint64_t ways_of(const Amount& amount, unsigned ways, uint64_t bytes) {
  if (amount.unit == Amount::Unit::ways) return amount.value;
  if (amount.unit == Amount::Unit::percent) return (amount.value * ways + 99) / 100;
  if (bytes < ways) throw Error("the size of the cache is unknown: ask for ways or a share");
  // The kernel's own figure for one way (`size`): divided first, the remainder lost.
  const uint64_t way = bytes / ways;
  const uint64_t needed = amount.value / way + (amount.value % way != 0 ? 1 : 0);
  return amount.value <= bytes ? std::min<uint64_t>(needed, ways)
                               : std::max<uint64_t>(needed, ways + 1);
}

}  // namespace berth::rdt
