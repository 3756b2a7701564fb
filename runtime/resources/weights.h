// v1's scales for shares and weights on v2's. Pure.
#pragma once

#include <cstdint>

namespace berth::runtime::resources {

// cpu.shares (2..262144) to cpu.weight (1..10000): a quadratic in the logarithms that meets the
// minimum, the default (1024 is 100) and the maximum of both. The older linear formula made the
// default share a weight of 39.
uint64_t cpu_weight(uint64_t shares);
// blkio.weight (10..1000) to io.weight (1..10000), linear.
uint64_t io_weight(uint64_t blkio_weight);

}  // namespace berth::runtime::resources
