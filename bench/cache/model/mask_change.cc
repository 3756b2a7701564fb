#include "bench/cache/model/mask_change.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <string>

#include "base/error.h"

namespace berth::cache_model {
namespace {

Masks apart(const Geometry& geometry, rdt::WayMask victim) {
  return {victim, geometry.all_ways().minus(victim)};
}

void require_to_spare(const Geometry& geometry, unsigned ways) {
  if (ways < geometry.ways) return;
  throw Error("partition cache model",
              std::to_string(ways) + " of " + std::to_string(geometry.ways) + " ways", EINVAL);
}

CoRun warmed_up(const MaskChangeParameters& parameters, uint32_t lines, uint64_t accesses) {
  CoRun run(parameters.geometry, parameters.seed, parameters.victim, lines, {parameters.aggressor});
  run.set_masks(parameters.before.victim, parameters.before.aggressor);
  run.touch_all();
  run.run(accesses);
  return run;
}

Masks masks_of(const MaskChangeParameters& parameters, unsigned step) {
  if (step < parameters.steps_before) return parameters.before;
  if (step < parameters.steps_before + parameters.steps_grace) {
    return {parameters.after.victim, parameters.before.aggressor};
  }
  return parameters.after;
}

}  // namespace

void set_shrink(MaskChangeParameters& parameters, unsigned from, unsigned to) {
  require_to_spare(parameters.geometry, std::max(from, to));
  parameters.before = apart(parameters.geometry, rdt::WayMask::run(0, from));
  parameters.after = apart(parameters.geometry, rdt::WayMask::run(0, to));
}

void set_slide(MaskChangeParameters& parameters, unsigned ways, unsigned by) {
  require_to_spare(parameters.geometry, ways + by);
  parameters.before = apart(parameters.geometry, rdt::WayMask::run(by, ways));
  parameters.after = apart(parameters.geometry, rdt::WayMask::run(0, ways));
}

MaskChange occupancy_over_time(const MaskChangeParameters& parameters) {
  MaskChange result{parameters, lines_of(parameters.fraction, parameters.geometry), 0, 0, {}, 0};
  result.warm_up = accesses_of(parameters.sampling, parameters.geometry, result.lines).warm_up;
  const double step_accesses = std::max(1.0, std::round(parameters.step_passes * result.lines));
  result.accesses_per_step = static_cast<uint64_t>(step_accesses);
  CoRun run = warmed_up(parameters, result.lines, result.warm_up);
  CoRun unchanged = run;
  double behind = 0;
  const unsigned steps = parameters.steps_before + parameters.steps_grace + parameters.steps_after;
  for (unsigned i = 0; i < steps; ++i) {
    TimeStep step;
    step.masks = masks_of(parameters, i);
    run.set_masks(step.masks.victim, step.masks.aggressor);
    const auto misses = static_cast<double>(run.run(result.accesses_per_step));
    const auto else_misses = static_cast<double>(unchanged.run(result.accesses_per_step));
    behind += misses - else_misses;
    result.extra_misses_per_line = std::max(result.extra_misses_per_line, behind / result.lines);
    step.passes = (i + 1.0 - parameters.steps_before) * step_accesses / result.lines;
    step.miss_ratio = misses / step_accesses;
    step.unchanged_miss_ratio = else_misses / step_accesses;
    step.victim_occupancy = run.victim_occupancy();
    step.aggressor_occupancy = run.aggressors_occupancy();
    result.steps.push_back(step);
  }
  return result;
}

}  // namespace berth::cache_model
