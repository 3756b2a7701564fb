#include "bench/cache/simulated.h"

#include <algorithm>

#include "bench/cache/requests.h"
#include "bench/cache/statistics.h"

namespace berth::cache_bench {
namespace {

constexpr unsigned kMostAggressors = 8;  // simulated
constexpr double kUnknownRate = 4;

// Dependent loads alone: their time is what hits and misses take. Of several at once, and of
// prefetched ones, it is not.
std::optional<cache_model::VictimKind> model_of(VictimKind victim) {
  switch (victim) {
    case VictimKind::chase:
      return cache_model::VictimKind::chase;
    case VictimKind::requests:
      return cache_model::VictimKind::random;
    case VictimKind::chains:
    case VictimKind::triad:
      break;
  }
  return std::nullopt;
}

cache_model::AggressorKind model_of(AggressorKind aggressor) {
  switch (aggressor) {
    case AggressorKind::read:
      return cache_model::AggressorKind::read_stream;
    case AggressorKind::write:
      return cache_model::AggressorKind::write_stream;
    case AggressorKind::nt_write:
      return cache_model::AggressorKind::non_temporal_write;
    case AggressorKind::random:
      break;
  }
  return cache_model::AggressorKind::random_read;
}

// Lines a second of each aggressor of that kind, over the victim's lines a second alone.
double rate_of(const Experiment& measured, VictimKind victim, AggressorKind aggressor) {
  std::vector<double> lines, steps;
  for (const CellResult& cell : measured.results) {
    for (const Repetition& one : cell.repetitions) {
      if (cell.cell.victim == victim && cell.cell.condition == Condition::alone) {
        const double each = victim == VictimKind::requests ? kLookups : 1;
        steps.push_back(each * 1e9 / one.victim.nanoseconds);
      }
      if (cell.cell.aggressor != aggressor) continue;
      for (const AggressorResult& result : one.aggressors) {
        lines.push_back(static_cast<double>(result.bytes) / kLineBytes / result.seconds);
      }
    }
  }
  if (lines.empty() || steps.empty()) return kUnknownRate;
  return median_of(lines) / median_of(steps);
}

void simulate_curve(Simulated& result, const Site& site, const CurveSettings& sizes) {
  cache_model::KneeParameters parameters;
  parameters.geometry = result.geometry;
  parameters.seed = result.seed;
  parameters.victims = {cache_model::VictimKind::chase};
  for (unsigned ways = 1; ways < result.geometry.ways; ways *= 2) parameters.ways.push_back(ways);
  parameters.ways.push_back(result.geometry.ways);
  const auto whole = static_cast<double>(result.cache.bytes);
  for (const uint64_t bytes : sizes.sizes) {
    // What the inner caches have never gets here; far beyond the cache all is missed.
    if (bytes > site.l2_bytes && bytes < 4 * result.cache.bytes)
      parameters.fractions.push_back(static_cast<double>(bytes) / whole);
  }
  for (const cache_model::KneePoint& point : cache_model::knee(parameters).points) {
    result.curve.push_back(
        {point.ways, static_cast<uint64_t>(point.fraction * whole), point.miss_ratio,
         result.cache.hit + point.miss_ratio * (result.cache.miss - result.cache.hit)});
  }
}

void simulate_slowdowns(Simulated& result, const Site& site, const Settings& settings,
                        const Experiment& measured, VictimKind victim, AggressorKind aggressor) {
  const auto kind = model_of(victim);
  if (!kind || result.geometry.ways <= settings.ways) return;
  cache_model::ContentionParameters parameters;
  parameters.geometry = result.geometry;
  parameters.seed = result.seed;
  parameters.victims = {*kind};
  parameters.fraction =
      static_cast<double>(settings.working_set) / static_cast<double>(result.cache.bytes);
  parameters.victim_ways = settings.ways;
  parameters.aggressors = {model_of(aggressor)};
  parameters.rate = rate_of(measured, victim, aggressor);
  parameters.most_aggressors =
      static_cast<unsigned>(std::clamp<size_t>(site.beside.size(), 1, kMostAggressors));
  const cache_model::Contention found = cache_model::contention(parameters);
  const auto time = [&](double miss_ratio) {
    return result.cache.hit + miss_ratio * (result.cache.miss - result.cache.hit);
  };
  const auto alone = std::ranges::find(found.points, cache_model::Condition::alone,
                                       &cache_model::ContentionPoint::condition);
  if (alone == found.points.end()) return;
  for (const cache_model::ContentionPoint& point : found.points) {
    if (!point.aggressor) continue;
    const Condition condition = point.condition == cache_model::Condition::shared
                                    ? Condition::shared
                                    : Condition::partitioned;
    result.slowdowns.push_back({victim, condition, aggressor, point.aggressors, parameters.rate,
                                point.miss_ratio,
                                time(point.miss_ratio) / time(alone->miss_ratio)});
  }
}

void simulate_change(Simulated& result) {
  cache_model::MaskChangeParameters parameters;
  parameters.geometry = result.geometry;
  parameters.seed = result.seed;
  const unsigned before = std::max(2U, result.geometry.ways * 3 / 4);
  parameters.fraction = static_cast<double>(before) / result.geometry.ways;
  cache_model::set_shrink(parameters, before, std::max(1U, before / 4));
  result.change = cache_model::occupancy_over_time(parameters);
}

}  // namespace

Simulated simulate(const Site& site, const Settings& settings, const WholeCache& cache,
                   const Experiment& measured) {
  Simulated result;
  result.geometry.ways = site.ways > 1 ? site.ways : 16;
  result.seed = settings.seed;
  result.cache = cache;
  simulate_curve(result, site, curve_for(site, 1, settings.seed));
  for (const VictimKind victim : settings.wanted.victims) {
    for (const AggressorKind aggressor : settings.wanted.aggressors) {
      simulate_slowdowns(result, site, settings, measured, victim, aggressor);
    }
  }
  simulate_change(result);
  return result;
}

}  // namespace berth::cache_bench
