#include "bench/rdt_simulate/cores.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

#include "rdt/way_mask.h"

namespace berth::rdt_simulate {

namespace {

unsigned ones(uint64_t mask) {
  return static_cast<unsigned>(std::popcount(mask));
}

// The lowest run of `count` cores; 0 where there is none.
uint64_t run_in(uint64_t free, unsigned count) {
  for (const rdt::WayMask run : rdt::WayMask(free).runs()) {
    if (run.count() >= count) return run.lowest_ways(count).bits();
  }
  return 0;
}

}  // namespace

unsigned Part::count() const {
  return ones(cores);
}

Cores::Cores(size_t domains, unsigned cores_per_domain)
    : free_(domains, rdt::WayMask::run(0, cores_per_domain).bits()) {}

// Of the L3s that could take it the fullest one, so that large jobs find an empty one.
std::optional<Part> Cores::below_one(unsigned count) const {
  std::optional<Part> best;
  bool best_is_run = false;
  for (size_t domain = 0; domain < free_.size(); ++domain) {
    const uint64_t free = free_[domain];
    if (ones(free) < count) continue;
    const uint64_t run = run_in(free, count);
    const bool is_run = run != 0;
    const bool better = !best || (is_run && !best_is_run) ||
                        (is_run == best_is_run && ones(free) < ones(free_[best->domain]));
    if (!better) continue;
    best = Part{domain, is_run ? run : rdt::WayMask(free).lowest_ways(count).bits()};
    best_is_run = is_run;
  }
  return best;
}

std::vector<Part> Cores::spread(unsigned count) const {
  std::vector<size_t> order(free_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  // The emptiest first, of equals the lowest.
  std::ranges::sort(order, {}, [&](size_t at) { return std::pair(~ones(free_[at]), at); });
  std::vector<Part> parts;
  for (const size_t domain : order) {
    if (count == 0) break;
    const Part part{domain, rdt::WayMask(free_[domain]).lowest_ways(count).bits()};
    count -= part.count();
    parts.push_back(part);
  }
  std::ranges::sort(parts, {}, &Part::domain);
  return parts;
}

std::optional<std::vector<Part>> Cores::take(unsigned count) {
  if (count == 0 || count > free()) return std::nullopt;
  const auto one = below_one(count);
  std::vector<Part> parts = one ? std::vector<Part>{*one} : spread(count);
  for (const Part& part : parts) free_[part.domain] &= ~part.cores;
  return parts;
}

void Cores::give_back(const std::vector<Part>& parts) {
  for (const Part& part : parts) free_[part.domain] |= part.cores;
}

unsigned Cores::free() const {
  return std::accumulate(free_.begin(), free_.end(), 0U,
                         [](unsigned sum, uint64_t mask) { return sum + ones(mask); });
}

}  // namespace berth::rdt_simulate
