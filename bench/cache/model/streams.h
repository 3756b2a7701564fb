// Who accesses what: streams of line numbers. Each owner has lines of its own; two streams of one
// owner begin with the same one.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "bench/cache/model/splitmix64.h"

namespace berth::cache_model {

// The first line of an owner. A multiple of 2^40, so a power of two of sets begins with set 0.
constexpr uint64_t first_line(unsigned owner) {
  return uint64_t{owner} << 40U;
}

// Each access any of `lines` lines, all alike. Over a set some times larger than the cache it is
// the aggressor that reads at random.
class UniformRandom {
 public:
  UniformRandom(unsigned owner, uint32_t lines, uint64_t seed)
      : first_(first_line(owner)), lines_(lines), random_(seed) {}
  uint64_t next() { return first_ + random_.below(lines_); }

 private:
  uint64_t first_;
  uint32_t lines_;
  SplitMix64 random_;
};

// `lines` consecutive lines, over and over.
class CyclicScan {
 public:
  CyclicScan(unsigned owner, uint32_t lines) : first_(first_line(owner)), lines_(lines) {}
  uint64_t next() {
    const uint64_t line = first_ + at_;
    at_ = at_ + 1 == lines_ ? 0 : at_ + 1;
    return line;
  }

 private:
  uint64_t first_;
  uint32_t lines_;
  uint32_t at_ = 0;
};

// A cycle through all of `lines` lines in a random order, over and over, as a pointer chase visits
// the nodes of one line each.
class PointerChase {
 public:
  PointerChase(unsigned owner, uint32_t lines, uint64_t seed);
  uint64_t next() {
    at_ = next_[at_];
    return first_ + at_;
  }

 private:
  uint64_t first_;
  uint32_t at_ = 0;
  std::vector<uint32_t> next_;
};

// Never the same line again: the aggressor that reads or writes through memory. A write fills a
// line as a read does (read for ownership). A non-temporal write fills none: it is this stream with
// an empty mask.
class EndlessStream {
 public:
  explicit EndlessStream(unsigned owner) : next_(first_line(owner)) {}
  uint64_t next() { return next_++; }

 private:
  uint64_t next_;
};

using Stream = std::variant<UniformRandom, CyclicScan, PointerChase, EndlessStream>;

inline uint64_t next_line(Stream& stream) {
  return std::visit([](auto& kind) { return kind.next(); }, stream);
}

}  // namespace berth::cache_model
