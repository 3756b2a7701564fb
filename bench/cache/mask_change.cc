#include "bench/cache/mask_change.h"

#include <algorithm>
#include <thread>

#include "base/error.h"
#include "bench/cache/group_sampler.h"
#include "bench/cache/worker.h"

namespace berth::cache_bench {
namespace {

using std::chrono::milliseconds, std::chrono::seconds;

constexpr milliseconds kPeriod{10};
constexpr seconds kBefore{2}, kAfter{2};

void join(OccupancySeries& series, const std::vector<GroupSample>& victim,
          const std::vector<GroupSample>& others, double change) {
  for (size_t i = 0; i < std::min(victim.size(), others.size()); ++i) {
    series.points.push_back({victim[i].seconds - change, victim[i].figures.llc_occupancy,
                             others[i].figures.llc_occupancy});
  }
}

}  // namespace

std::variant<OccupancySeries, std::string> watch_change(const Node& node,
                                                        const Settings& settings) {
  const Site& site = node.site;
  if (const auto why = missing(site, Condition::partitioned)) return *why;
  if (!site.counts("llc_occupancy")) return "resctrl does not count occupancy here";
  const rdt::CacheCapability& l3 = *site.rdt->caches.l3;
  const unsigned domain = site.l3.cache_id.value_or(0);
  OccupancySeries series;
  const unsigned grantable = l3.full.minus(l3.shareable).count();
  series.ways_before = std::max(2 * l3.min_ways, grantable * 3 / 4);
  series.ways_after = std::max(l3.min_ways, series.ways_before / 4);
  CacheGroup group(*node.roots, node.machine, node.policy, "victim",
                   options_for(series.ways_before), topology::CpuSet{site.victim_cpu});
  const rdt::Group everybody = node.roots->resctrl->default_group();

  const uint64_t bytes = site.way_bytes() * series.ways_before / kLineBytes * kLineBytes;
  Worker victim(
      VictimTask{VictimKind::chase, bytes, milliseconds(0), kBefore + kAfter, settings.seed, {}},
      site.victim_cpu);
  Worker aggressor(AggressorTask{AggressorKind::read, settings.aggressor_bytes, settings.seed + 1},
                   site.beside.front());
  group.add(victim.pid());
  for (Worker* worker : {&victim, &aggressor}) {
    worker->begin();
    worker->wait_ready();
    worker->go();
  }
  const auto begin = std::chrono::steady_clock::now();
  GroupSampler of_victim([&] { return group.figures(domain); }, kPeriod);
  GroupSampler of_others([&] { return figures_in(everybody, domain); }, kPeriod);
  std::this_thread::sleep_for(kBefore);
  group.hand_over(domain, series.ways_after);
  const std::chrono::duration<double> change = std::chrono::steady_clock::now() - begin;
  (void)victim.wait_victim();
  const auto samples = of_victim.stop(), other_samples = of_others.stop();
  (void)aggressor.stop_aggressor();
  join(series, samples, other_samples, change.count());
  return series;
}

}  // namespace berth::cache_bench
