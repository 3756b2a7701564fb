// How much of a cache or of the memory's bandwidth a job asks for, as people write it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rdt/capability.h"

namespace berth::rdt {

// `4w` (ways), `50%` (of each cache, rounded up to a way), `8MiB` (rounded up to a way), `auto` (of
// the ways that can be handed out as many as the job has of the cache's CPUs, rounded down).
struct Amount {
  enum class Unit { ways, percent, bytes, automatic };
  Unit unit = Unit::ways;
  uint64_t value = 0;
  bool operator==(const Amount&) const = default;
};

// A whole number and a unit: `w`; `%` (1 to 100); `KiB`, `MiB`, `GiB` (powers of 1024), `kB`, `MB`,
// `GB` (powers of 1000) or `B`; or the word `auto`. Units are spelled exactly so, and there is none
// to fall back on: a bare `8` could be ways or megabytes. Throws Error whose one line names the
// text and what is allowed.
Amount parse_amount(std::string_view text);

// The way to write it again: `4w`, `50%`, `8MiB` (the largest unit that leaves a whole number).
std::string to_string(const Amount& amount);

// One cache in which a job has CPUs.
struct DomainShare {
  unsigned id = 0;                  // cache id
  uint64_t bytes = 0;               // of the whole cache; 0: unknown
  unsigned cpus = 0, all_cpus = 0;  // the job's under it, and all
  bool operator==(const DomainShare&) const = default;
};

// The ways that `amount` comes to in a cache of `ways` ways of which `grantable` can be handed out
// at all; rounded up, and more than `ways` where it asks for more than there is; 0 where `auto`
// comes to less than one. Throws Error for bytes of a cache of unknown size.
uint64_t ways_of(const Amount& amount, unsigned ways, unsigned grantable, const DomainShare& share);

// `50%` (Intel: of the full rate of each core), `12GBps`, `800MiBps` (AMD and mounts with mba_MBps:
// all of a group's traffic under one L3).
struct Bandwidth {
  enum class Unit { percent, bytes_per_second };
  Unit unit = Unit::percent;
  uint64_t value = 0;
  bool operator==(const Bandwidth&) const = default;
};

// A whole number and `%` (1 to 100), `MBps`, `GBps`, `MiBps` or `GiBps`. Throws Error as above.
Bandwidth parse_bandwidth(std::string_view text);
std::string to_string(const Bandwidth& bandwidth);

// What follows a figure for people: `%`, `/8 GB/s`, ` MiB/s`.
std::string_view unit_text(BandwidthCapability::Unit unit);

// The figure for schemata, rounded up to the hardware's steps and never under its least. Throws
// Error where the hardware counts in the other unit.
uint64_t figure_of(const Bandwidth& bandwidth, const BandwidthCapability& capability);

}  // namespace berth::rdt
