#include "bench/cache/model/streams.h"

#include <numeric>
#include <utility>

namespace berth::cache_model {

// Sattolo's algorithm: of all permutations of one cycle each as likely.
PointerChase::PointerChase(unsigned owner, uint32_t lines, uint64_t seed)
    : first_(first_line(owner)), next_(lines) {
  std::iota(next_.begin(), next_.end(), 0U);
  SplitMix64 random(seed);
  for (uint32_t last = lines; last > 1; --last) {
    std::swap(next_[last - 1], next_[random.below(last - 1)]);
  }
}

}  // namespace berth::cache_model
