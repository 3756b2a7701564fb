#include "bench/cache/model/contention.h"

#include <cerrno>
#include <string>

#include "base/error.h"

namespace berth::cache_model {
namespace {

constexpr uint64_t samples = 64;  // of the occupancy, evenly over the counted accesses

void set_masks(ContentionPoint& point, const ContentionParameters& parameters) {
  const rdt::WayMask all = parameters.geometry.all_ways();
  const rdt::WayMask own = all.lowest_ways(parameters.victim_ways);
  const bool apart =
      point.condition == Condition::alone_at_mask || point.condition == Condition::partitioned;
  point.victim_mask = apart ? own : all;
  if (point.aggressors > 0) point.aggressor_mask = apart ? all.minus(own) : all;
}

void count(ContentionPoint& point, CoRun& run) {
  const uint64_t counted = point.accesses.counted;
  uint64_t misses = 0;
  for (uint64_t i = 0; i < samples; ++i) {
    misses += run.run(counted * (i + 1) / samples - counted * i / samples);
    point.victim_occupancy += static_cast<double>(run.victim_occupancy()) / samples;
    point.aggressors_occupancy += static_cast<double>(run.aggressors_occupancy()) / samples;
  }
  point.miss_ratio = static_cast<double>(misses) / static_cast<double>(counted);
}

ContentionPoint point_of(const ContentionParameters& parameters, VictimKind victim,
                         Condition condition, std::optional<AggressorKind> kind, unsigned number) {
  ContentionPoint point;
  point.victim = victim;
  point.condition = condition;
  point.aggressor = kind;
  point.aggressors = number;
  set_masks(point, parameters);
  point.lines = lines_of(parameters.fraction, parameters.geometry);
  point.accesses = accesses_of(parameters.sampling, parameters.geometry, point.lines);
  const Aggressor one{kind.value_or(AggressorKind::read_stream), parameters.rate,
                      parameters.random_read};
  CoRun run(parameters.geometry, parameters.seed, victim, point.lines,
            std::vector<Aggressor>(number, one));
  run.set_masks(point.victim_mask, point.aggressor_mask);
  run.touch_all();
  run.run(point.accesses.warm_up);
  count(point, run);
  return point;
}

}  // namespace

Contention contention(const ContentionParameters& parameters) {
  const unsigned ways = parameters.victim_ways;
  if (ways == 0 || ways >= parameters.geometry.ways) {
    throw Error("partition cache model",
                std::to_string(ways) + " of " + std::to_string(parameters.geometry.ways) + " ways",
                EINVAL);
  }
  Contention result{parameters, {}};
  const auto add = [&](auto... cell) { result.points.push_back(point_of(parameters, cell...)); };
  for (const VictimKind victim : parameters.victims) {
    add(victim, Condition::alone, std::nullopt, 0U);
    add(victim, Condition::alone_at_mask, std::nullopt, 0U);
    for (const AggressorKind kind : parameters.aggressors) {
      for (unsigned number = 1; number <= parameters.most_aggressors; ++number) {
        add(victim, Condition::shared, kind, number);
        add(victim, Condition::partitioned, kind, number);
      }
    }
  }
  return result;
}

}  // namespace berth::cache_model
