// What the benchmarks of rdt/ have in common: the wish, and how times are told.
#pragma once

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "rdt/wish.h"

namespace berth::rdt {

inline constexpr unsigned kGroups = 15;

inline double microseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
      .count();
}

// Median and 99th percentile as `NAME_us_median` and `NAME_us_p99`.
inline void report(benchmark::State& state, const std::string& name,
                   std::vector<double> microseconds) {
  if (microseconds.empty()) return;
  std::ranges::sort(microseconds);
  const auto quantile = [&](double q) {
    return microseconds[static_cast<size_t>(q * static_cast<double>(microseconds.size() - 1))];
  };
  state.counters[name + "_us_median"] = quantile(0.5);
  state.counters[name + "_us_p99"] = quantile(0.99);
}

inline Wish wish_for(uint64_t ways, const std::vector<unsigned>& domains) {
  constexpr uint64_t kL3Bytes = 32 << 20;
  Wish wish;
  wish.asked = fmt::format("{}w", ways);
  wish.caches.l3 = CacheWish{Amount{Amount::Unit::ways, ways}, {}, {}};
  for (const unsigned id : domains) wish.domains.l3.push_back({id, kL3Bytes, 8, 8});
  return wish;
}

}  // namespace berth::rdt
