// All that was found, as a page and as JSON.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bench/cache/experiment.h"
#include "bench/cache/latency_curve.h"
#include "bench/cache/mask_change.h"
#include "bench/cache/simulated.h"

namespace berth::cache_bench {

struct Report {
  std::string command;  // that made it
  Site site;
  Settings settings;
  Experiment experiment;
  unsigned curve_repetitions = 0;
  std::vector<CurvePoint> curve;
  std::optional<WholeCache> cache;                    // by the curve
  std::variant<OccupancySeries, std::string> change;  // or why there is none
  std::optional<Simulated> simulated;
  std::vector<std::string> no_evidence_because;
};

std::string to_text(const Report& report);
// Whatever is a figure stands below `measured` or `simulated`.
std::string to_json(const Report& report);

}  // namespace berth::cache_bench
