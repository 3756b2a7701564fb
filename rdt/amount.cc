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
  throw Error(
      fmt::format("'{}' is not an amount of cache: {}; allowed are ways ('4w'), a share ('1%' to "
                  "'100%'), a size "
                  "('8MiB'; B, kB, MB, GB, KiB, MiB, GiB) or 'auto'",
                  shown(text), why));
}

[[noreturn]] void refuse_bandwidth(std::string_view text, std::string_view why) {
  throw Error(fmt::format(
      "'{}' is not a memory bandwidth: {}; allowed are a share ('1%' to '100%') or a rate "
      "('8GBps'; MBps, GBps, MiBps, GiBps)",
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
  if (text == "auto") return {Amount::Unit::automatic, 0};
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
  if (amount.unit == Amount::Unit::automatic) return "auto";
  for (const ByteUnit& unit : kByteUnits) {
    if (amount.value % unit.bytes == 0) {
      return fmt::format("{}{}", amount.value / unit.bytes, unit.name);
    }
  }
  return {};
}

uint64_t ways_of(const Amount& amount, unsigned ways, unsigned grantable,
                 const DomainShare& share) {
  if (amount.unit == Amount::Unit::ways) return amount.value;
  if (amount.unit == Amount::Unit::percent) return (amount.value * ways + 99) / 100;
  if (amount.unit == Amount::Unit::automatic) {
    return share.all_cpus == 0 ? grantable : uint64_t{grantable} * share.cpus / share.all_cpus;
  }
  if (share.bytes < ways) {
    throw Error("the size of the cache is unknown: ask for ways or a share");
  }
  // The kernel's own figure for one way (`size`): divided first, the remainder lost.
  const uint64_t way = share.bytes / ways;
  const uint64_t needed = amount.value / way + (amount.value % way != 0 ? 1 : 0);
  return amount.value <= share.bytes ? std::min<uint64_t>(needed, ways)
                                     : std::max<uint64_t>(needed, ways + 1);
}

namespace {

// Large before small: to_string takes the first that divides.
constexpr ByteUnit kRates[] = {{"GiBps", uint64_t{1} << 30},
                               {"MiBps", uint64_t{1} << 20},
                               {"GBps", 1'000'000'000},
                               {"MBps", 1'000'000}};

uint64_t steps(uint64_t amount, uint64_t step) {
  return amount / step + (amount % step != 0 ? 1 : 0);
}

}  // namespace

Bandwidth parse_bandwidth(std::string_view text) {
  if (text.empty()) refuse_bandwidth(text, "it is empty");
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::result_out_of_range) refuse_bandwidth(text, "the number is too large");
  if (error != std::errc()) refuse_bandwidth(text, "it does not begin with a whole number");
  const std::string_view unit(stop, static_cast<size_t>(end - stop));
  if (number == 0) refuse_bandwidth(text, "it is nothing");
  if (unit == "%") {
    if (number > 100) refuse_bandwidth(text, "it is more than the whole");
    return {Bandwidth::Unit::percent, number};
  }
  const auto rate = std::ranges::find(kRates, unit, &ByteUnit::name);
  if (rate == std::end(kRates)) {
    refuse_bandwidth(text,
                     unit.empty() ? "it has no unit" : fmt::format("'{}' is no unit", shown(unit)));
  }
  if (number > std::numeric_limits<uint64_t>::max() / rate->bytes) {
    refuse_bandwidth(text, "the number is too large");
  }
  return {Bandwidth::Unit::bytes_per_second, number * rate->bytes};
}

std::string to_string(const Bandwidth& bandwidth) {
  if (bandwidth.unit == Bandwidth::Unit::percent) return fmt::format("{}%", bandwidth.value);
  for (const ByteUnit& rate : kRates) {
    if (bandwidth.value % rate.bytes == 0) {
      return fmt::format("{}{}", bandwidth.value / rate.bytes, rate.name);
    }
  }
  return {};
}

std::string_view unit_text(BandwidthCapability::Unit unit) {
  using Unit = BandwidthCapability::Unit;
  return unit == Unit::percent ? "%" : unit == Unit::mib ? " MiB/s" : "/8 GB/s";
}

uint64_t figure_of(const Bandwidth& bandwidth, const BandwidthCapability& capability) {
  using Unit = BandwidthCapability::Unit;
  if ((bandwidth.unit == Bandwidth::Unit::percent) != (capability.unit == Unit::percent)) {
    throw Error(fmt::format("this node's memory bandwidth is limited by {}, not by {}",
                            capability.unit == Unit::percent ? "shares ('50%')" : "rates ('8GBps')",
                            capability.unit == Unit::percent ? "rates" : "shares"));
  }
  constexpr uint64_t kEighthOfGb = 125'000'000;
  uint64_t figure = bandwidth.value;
  if (capability.unit == Unit::eighth_gb) figure = steps(figure, kEighthOfGb);
  if (capability.unit == Unit::mib) figure = steps(figure, uint64_t{1} << 20);
  figure = std::max(figure, std::max<uint64_t>(capability.min, 1));
  figure = steps(figure, capability.granularity) * capability.granularity;
  return std::min(figure, capability.unlimited);
}

}  // namespace berth::rdt
