// The memory that victims and aggressors work on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bench/cache/workload.h"

namespace berth::cache_bench {

// Anonymous memory in huge pages where the kernel gives them (MADV_HUGEPAGE), so that a TLB miss is
// not taken for a cache miss. Where it lies is decided by who touches it first: bind the CPU
// before.
class Memory {
 public:
  explicit Memory(uint64_t bytes);  // rounded up to whole huge pages; throws Error
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  template <class T>
  std::span<T> as(uint64_t bytes) const {
    return {static_cast<T*>(address_), static_cast<size_t>(bytes / sizeof(T))};
  }

 private:
  void* address_ = nullptr;
  size_t size_ = 0;
};

// A line that names the next one.
struct alignas(kLineBytes) Line {
  Line* next = nullptr;
};

// Links the lines to one cycle through all of them in random order (Sattolo's algorithm), so that
// no prefetcher guesses the next.
void link_cycle(std::span<Line> lines, uint64_t seed);

// `count` lines of the cycle, equally far apart along it.
std::vector<Line*> spread_along(std::span<Line> lines, size_t count);

}  // namespace berth::cache_bench
