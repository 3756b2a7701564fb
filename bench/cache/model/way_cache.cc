#include "bench/cache/model/way_cache.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string>

#include "base/error.h"
#include "bench/cache/model/splitmix64.h"

namespace berth::cache_model {
namespace {

constexpr uint64_t no_line = std::numeric_limits<uint64_t>::max();
constexpr uint64_t tick = 64;  // of the clock, for each access; more than any way's number

Geometry checked(Geometry geometry) {
  if (geometry.sets == 0 || geometry.ways == 0 || geometry.ways > 64) {
    throw Error("make cache model",
                std::to_string(geometry.sets) + "x" + std::to_string(geometry.ways), EINVAL);
  }
  return geometry;
}

}  // namespace

WayCache::WayCache(Geometry geometry, uint64_t seed)
    : geometry_(checked(geometry)),
      all_ways_(geometry.all_ways()),
      hash_seed_(SplitMix64(seed).next()),
      lines_(geometry.lines(), no_line),
      last_use_(geometry.lines(), 0),
      owners_(geometry.lines(), 0),
      occupancy_(1, 0) {}

bool WayCache::access(uint64_t line, rdt::WayMask fill, unsigned owner) {
  clock_ += tick;
  const size_t first = size_t{set_of(line)} * geometry_.ways;
  // All ways without a branch between them: where a line is cannot be foreseen.
  size_t found = geometry_.ways;
  for (size_t way = 0; way < geometry_.ways; ++way) {
    found = lines_[first + way] == line ? way : found;
  }
  if (found != geometry_.ways) {
    last_use_[first + found] = clock_;
    return true;
  }
  const rdt::WayMask ways = fill & all_ways_;
  if (ways.empty()) return false;
  const size_t place = place_to_fill(first, ways.bits());
  if (lines_[place] != no_line) --occupancy_[owners_[place]];
  if (owner >= occupancy_.size()) occupancy_.resize(size_t{owner} + 1, 0);
  ++occupancy_[owner];
  lines_[place] = line;
  last_use_[place] = clock_;
  owners_[place] = owner;
  return false;
}

size_t WayCache::place_to_fill(size_t first, uint64_t mask) const {
  // The way in the low bits of its time: one minimum finds both.
  uint64_t oldest = no_line;
  for (size_t way = 0; way < geometry_.ways; ++way) {
    const uint64_t barred = ((mask >> way) & 1U) - 1;  // all ones where it may not be filled
    oldest = std::min(oldest, (last_use_[first + way] | way) | barred);
  }
  return first + oldest % tick;
}

uint64_t WayCache::occupancy(unsigned owner) const {
  return owner < occupancy_.size() ? occupancy_[owner] : 0;
}

unsigned WayCache::set_of(uint64_t line) const {
  if (geometry_.index == SetIndex::modulo) return static_cast<unsigned>(line % geometry_.sets);
  return scaled(mix64(line ^ hash_seed_), geometry_.sets);
}

}  // namespace berth::cache_model
