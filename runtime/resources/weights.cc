#include "runtime/resources/weights.h"

#include <algorithm>
#include <cmath>

namespace berth::runtime::resources {

uint64_t cpu_weight(uint64_t shares) {
  constexpr uint64_t kLeast = 2;
  constexpr uint64_t kMost = 262144;
  if (shares <= kLeast) return 1;
  if (shares >= kMost) return 10000;
  const double log = std::log2(static_cast<double>(shares));
  const double exponent = (log * log + 125 * log) / 612.0 - 7.0 / 34.0;
  return static_cast<uint64_t>(std::ceil(std::pow(10, exponent)));
}

uint64_t io_weight(uint64_t blkio_weight) {
  return 1 + (std::clamp<uint64_t>(blkio_weight, 10, 1000) - 10) * 9999 / 990;
}

}  // namespace berth::runtime::resources
