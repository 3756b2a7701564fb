// Pseudo-random numbers that are the same on every machine and for every standard library.
#pragma once

#include <cstdint>

namespace berth::cache_model {

// The finaliser of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators,
// OOPSLA 2014): a bijection of 64-bit numbers.
constexpr uint64_t mix64(uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

// The upper half of `x`, scaled to [0, bound).
constexpr uint32_t scaled(uint64_t x, uint32_t bound) {
  return static_cast<uint32_t>(((x >> 32U) * bound) >> 32U);
}

class SplitMix64 {
 public:
  constexpr explicit SplitMix64(uint64_t seed) : state_(seed) {}
  constexpr uint64_t next() { return mix64(state_ += 0x9e3779b97f4a7c15U); }
  // In [0, bound), with a bias below bound/2^32.
  constexpr uint32_t below(uint32_t bound) { return scaled(next(), bound); }

 private:
  uint64_t state_;
};

}  // namespace berth::cache_model
