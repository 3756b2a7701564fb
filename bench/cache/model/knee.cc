#include "bench/cache/model/knee.h"

namespace berth::cache_model {
namespace {

KneePoint point_of(const KneeParameters& parameters, VictimKind victim, unsigned ways,
                   double fraction) {
  const Geometry& geometry = parameters.geometry;
  KneePoint point{victim, ways, fraction, lines_of(fraction, geometry), {}, 0};
  point.accesses = accesses_of(parameters.sampling, geometry, point.lines);
  CoRun alone(geometry, parameters.seed, victim, point.lines, {});
  alone.set_masks(rdt::WayMask::run(0, ways), {});
  alone.touch_all();
  alone.run(point.accesses.warm_up);
  point.miss_ratio = static_cast<double>(alone.run(point.accesses.counted)) /
                     static_cast<double>(point.accesses.counted);
  return point;
}

}  // namespace

Knee knee(const KneeParameters& parameters) {
  Knee result{parameters, {}};
  for (const VictimKind victim : parameters.victims) {
    for (const unsigned ways : parameters.ways) {
      for (const double fraction : parameters.fractions) {
        result.points.push_back(point_of(parameters, victim, ways, fraction));
      }
    }
  }
  return result;
}

}  // namespace berth::cache_model
