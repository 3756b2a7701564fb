// How much of one L3 a job asks for, as people write it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace berth::rdt {

// `4w` (ways), `50%` (of this cache, rounded up to a way), `8MiB` (rounded up to a way).
struct Amount {
  enum class Unit { ways, percent, bytes };
  Unit unit = Unit::ways;
  uint64_t value = 0;
  bool operator==(const Amount&) const = default;
};

// A whole number and a unit: `w`; `%` (1 to 100); `KiB`, `MiB`, `GiB` (powers of 1024), `kB`, `MB`,
// `GB` (powers of 1000) or `B`. Units are spelled exactly so, and there is none to fall back on: a
// bare `8` could be ways or megabytes. Throws Error whose one line names the text and what is
// allowed.
Amount parse_amount(std::string_view text);

// The way to write it again: `4w`, `50%`, `8MiB` (the largest unit that leaves a whole number).
std::string to_string(const Amount& amount);

// The ways that `amount` comes to in a cache of `ways` ways and `bytes` bytes; rounded up, and more
// than `ways` where it asks for more than there is. Throws Error for bytes of a cache of unknown
// size (0).
uint64_t ways_of(const Amount& amount, unsigned ways, uint64_t bytes);

}  // namespace berth::rdt
