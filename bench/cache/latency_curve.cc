#include "bench/cache/latency_curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/cache/statistics.h"

namespace berth::cache_bench {

CurveSettings curve_for(const Site& site, unsigned repetitions, uint64_t seed) {
  CurveSettings settings;
  settings.repetitions = repetitions;
  settings.seed = seed;
  const uint64_t smallest = std::max<uint64_t>(site.l2_bytes / 8, 16 << 10);
  for (double bytes = static_cast<double>(smallest);
       bytes < 2.01 * static_cast<double>(site.l3.bytes); bytes *= std::sqrt(2.0)) {
    settings.sizes.push_back(static_cast<uint64_t>(bytes) / kLineBytes * kLineBytes);
  }
  if (site.can_partition()) {
    const rdt::CacheCapability& l3 = *site.rdt->caches.l3;
    const unsigned grantable = l3.full.minus(l3.shareable).count();
    for (unsigned ways = l3.min_ways; ways < grantable; ways *= 2) settings.ways.push_back(ways);
  }
  return settings;
}

std::vector<CurvePoint> measure_curve(const Node& node, const CurveSettings& settings,
                                      const Tell& tell) {
  std::vector<CurvePoint> points;
  std::vector<unsigned> ways{0};
  if (node.site.can_partition())
    ways.insert(ways.end(), settings.ways.begin(), settings.ways.end());
  for (const unsigned count : ways) {
    for (const uint64_t bytes : settings.sizes) points.push_back({count, bytes, {}});
  }
  Progress progress{0, points.size() * settings.repetitions, {}};
  for (unsigned block = 0; block < settings.repetitions; ++block) {
    for (const size_t index : order_of(points.size(), settings.seed, block)) {
      CurvePoint& point = points[index];
      progress.what = fmt::format("latency of {} KiB", point.bytes >> 10);
      tell(progress);
      ++progress.done;
      Arrangement arrangement;
      arrangement.victim = {VictimKind::chase, point.bytes,           settings.warm_up,
                            settings.run,      settings.seed + block, {}};
      arrangement.victim_cpu = node.site.victim_cpu;
      std::optional<CacheGroup> group;
      if (point.ways > 0) {
        group.emplace(*node.roots, node.machine, node.policy, "victim", options_for(point.ways),
                      topology::CpuSet{arrangement.victim_cpu});
        arrangement.victim_group = &*group;
      }
      point.nanoseconds.push_back(run(arrangement).victim.nanoseconds);
    }
  }
  progress.what = "done";
  tell(progress);
  return points;
}

namespace {

struct Median {
  double bytes = 0, nanoseconds = 0;
};

// Beyond the L2, ascending.
std::vector<Median> beyond_l2(const std::vector<CurvePoint>& curve, const Site& site) {
  std::vector<Median> medians;
  for (const CurvePoint& point : curve) {
    if (point.ways != 0 || point.bytes < site.l2_bytes * 7 / 5) continue;
    medians.push_back({static_cast<double>(point.bytes), median_of(point.nanoseconds)});
  }
  std::ranges::sort(medians, {}, &Median::bytes);
  return medians;
}

}  // namespace

std::optional<WholeCache> whole_cache(const std::vector<CurvePoint>& curve, const Site& site) {
  const std::vector<Median> medians = beyond_l2(curve, site);
  if (medians.size() < 2) return std::nullopt;
  const double first = medians.front().nanoseconds, last = medians.back().nanoseconds;
  if (last < 1.5 * first) return std::nullopt;
  const auto above = std::ranges::find_if(
      medians, [&](const Median& one) { return one.nanoseconds > (first + last) / 2; });
  if (above == medians.begin()) return std::nullopt;
  const double bytes = std::sqrt(above->bytes * std::prev(above)->bytes);
  const double middle = std::sqrt(medians.front().bytes * bytes);
  const auto hit = std::ranges::min_element(
      medians, {}, [&](const Median& one) { return std::abs(std::log(one.bytes / middle)); });
  return WholeCache{hit->nanoseconds, last, static_cast<uint64_t>(bytes)};
}

}  // namespace berth::cache_bench
