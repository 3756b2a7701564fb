#include "bench/cache/memory.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <numeric>
#include <random>
#include <utility>

#include "base/error.h"

namespace berth::cache_bench {

namespace {
constexpr uint64_t kHugePage = uint64_t{2} << 20;
}

Memory::Memory(uint64_t bytes) : size_((bytes + kHugePage - 1) / kHugePage * kHugePage) {
  address_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address_ == MAP_FAILED) {
    throw Error("map memory of", fmt::format("{} bytes", size_), errno);
  }
  (void)::madvise(address_, size_, MADV_HUGEPAGE);  // a kernel without them: small pages
}

Memory::~Memory() {
  ::munmap(address_, size_);
}

void link_cycle(std::span<Line> lines, uint64_t seed) {
  std::vector<uint32_t> order(lines.size());
  std::iota(order.begin(), order.end(), 0U);
  std::mt19937_64 chance(seed);
  // Only with places before it, never itself: one cycle and no shorter ones.
  for (size_t i = order.size(); i-- > 1;) std::swap(order[i], order[chance() % i]);
  for (size_t i = 0; i < lines.size(); ++i) lines[i].next = &lines[order[i]];
}

std::vector<Line*> spread_along(std::span<Line> lines, size_t count) {
  std::vector<Line*> places;
  Line* at = lines.data();
  for (size_t step = 0; step < lines.size() && places.size() < count; ++step, at = at->next) {
    if (step == places.size() * lines.size() / count) places.push_back(at);
  }
  return places;
}

}  // namespace berth::cache_bench
