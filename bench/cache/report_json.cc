#include <nlohmann/json.hpp>

#include "bench/cache/figures.h"
#include "bench/cache/latency_histogram.h"
#include "bench/cache/report.h"

namespace berth::cache_bench {
namespace {

using nlohmann::json;

json to_json(const Estimate& estimate) {
  return {{"median", estimate.median}, {"low", estimate.low}, {"high", estimate.high}};
}

void add(json& to, const char* key, const std::optional<Estimate>& value) {
  if (value) to[key] = to_json(*value);
}

void add(json& to, const char* key, const std::optional<double>& value) {
  if (value) to[key] = *value;
}

json to_json(const Cell& cell) {
  json result{{"victim", name_of(cell.victim)}, {"condition", name_of(cell.condition)}};
  if (cell.aggressor) {
    result["aggressor"] = name_of(*cell.aggressor);
    result["aggressors"] = cell.count;
  }
  return result;
}

json to_json(const Repetition& one, double value) {
  return {{"block", one.block},
          {"order", one.order},
          {"seed", one.seed},
          {"value", value},
          {"ns", one.victim.nanoseconds},
          {"steps", one.victim.steps},
          {"involuntary_switches", one.victim.involuntary_switches},
          {"stolen_seconds", one.stolen_seconds}};
}

json to_json(const CellFigures& figures, const CellResult& result) {
  json cell = to_json(figures.cell);
  cell["ns"] = to_json(figures.nanoseconds);
  if (figures.tail) {
    cell["p50_ns"] = to_json(figures.tail->p50);
    cell["p99_ns"] = to_json(figures.tail->p99);
    cell["p99.9_ns"] = to_json(figures.tail->p999);
    cell["saturated"] = figures.saturated;
    std::vector<std::vector<LatencyCount>> runs;
    for (const Repetition& one : result.repetitions) runs.push_back(one.victim.latencies);
    for (const LatencyCount& count : merged(runs)) {
      cell["latencies_ns"].push_back({count.nanoseconds, count.times});
    }
  }
  add(cell, "slowdown", figures.slowdown);
  add(cell, "slowdown_at_mask", figures.slowdown_at_mask);
  add(cell, "isolation_efficacy", figures.efficacy);
  add(cell, "victim_occupancy", figures.victim_occupancy);
  add(cell, "others_occupancy", figures.others_occupancy);
  add(cell, "victim_bandwidth", figures.victim_bandwidth);
  add(cell, "others_bandwidth", figures.others_bandwidth);
  add(cell, "aggressors_bytes_per_second", figures.aggressor_rate);
  cell["disturbed"] = figures.disturbed;
  for (size_t i = 0; i < result.repetitions.size(); ++i) {
    cell["repetitions"].push_back(to_json(result.repetitions[i], figures.values[i]));
  }
  return cell;
}

json measured(const Report& report) {
  json result{{"cells", json::array()}, {"curve", json::array()}};
  const std::vector<CellFigures> figures = figures_of(report.experiment);
  for (size_t i = 0; i < figures.size(); ++i) {
    result["cells"].push_back(to_json(figures[i], report.experiment.results[i]));
  }
  for (const CurvePoint& point : report.curve) {
    result["curve"].push_back({{"ways", point.ways},
                               {"bytes", point.bytes},
                               {"ns", to_json(estimate(point.nanoseconds))},
                               {"repetitions", point.nanoseconds}});
  }
  if (report.cache) {
    result["whole_cache"] = {{"hit_ns", report.cache->hit},
                             {"miss_ns", report.cache->miss},
                             {"bytes", report.cache->bytes}};
  }
  if (const auto* series = std::get_if<OccupancySeries>(&report.change)) {
    json points = json::array();
    for (const OccupancyPoint& point : series->points) {
      json one{{"seconds", point.seconds}};
      if (point.victim) one["victim"] = *point.victim;
      if (point.others) one["others"] = *point.others;
      points.push_back(std::move(one));
    }
    result["mask_change"] = {{"ways_before", series->ways_before},
                             {"ways_after", series->ways_after},
                             {"points", std::move(points)}};
  }
  return result;
}

json simulated(const Simulated& simulated) {
  json result{{"sets", simulated.geometry.sets}, {"ways", simulated.geometry.ways},
              {"seed", simulated.seed},          {"hit_ns", simulated.cache.hit},
              {"miss_ns", simulated.cache.miss}, {"bytes", simulated.cache.bytes},
              {"curve", json::array()},          {"slowdowns", json::array()}};
  for (const SimulatedPoint& point : simulated.curve) {
    result["curve"].push_back({{"ways", point.ways},
                               {"bytes", point.bytes},
                               {"miss_ratio", point.miss_ratio},
                               {"ns", point.nanoseconds}});
  }
  for (const SimulatedSlowdown& one : simulated.slowdowns) {
    result["slowdowns"].push_back({{"victim", name_of(one.victim)},
                                   {"condition", name_of(one.condition)},
                                   {"aggressor", name_of(one.aggressor)},
                                   {"aggressors", one.count},
                                   {"rate", one.rate},
                                   {"miss_ratio", one.miss_ratio},
                                   {"slowdown", one.slowdown}});
  }
  const cache_model::MaskChange& change = simulated.change;
  const auto lines = static_cast<double>(simulated.geometry.lines());
  json steps = json::array();
  for (const cache_model::TimeStep& step : change.steps) {
    steps.push_back({{"passes", step.passes},
                     {"miss_ratio", step.miss_ratio},
                     {"victim", static_cast<double>(step.victim_occupancy) / lines},
                     {"others", static_cast<double>(step.aggressor_occupancy) / lines}});
  }
  result["mask_change"] = {{"ways_before", change.parameters.before.victim.count()},
                           {"ways_after", change.parameters.after.victim.count()},
                           {"points", std::move(steps)}};
  return result;
}

json settings_of(const Report& report) {
  const Settings& settings = report.settings;
  return {{"ways", settings.ways},
          {"working_set", settings.working_set},
          {"aggressor_bytes", settings.aggressor_bytes},
          {"repetitions", settings.repetitions},
          {"curve_repetitions", report.curve_repetitions},
          {"lead_ms", settings.lead.count()},
          {"warm_up_ms", settings.warm_up.count()},
          {"run_ms", settings.run.count()},
          {"mbw", settings.mbw},
          {"seed", settings.seed},
          {"request_interval_ns", report.experiment.interval.count()}};
}

}  // namespace

std::string to_json(const Report& report) {
  const Site& site = report.site;
  json left_out = json::array();
  for (const LeftOut& one : report.experiment.left_out) {
    left_out.push_back({{"what", one.what}, {"why", one.why}});
  }
  if (const auto* why = std::get_if<std::string>(&report.change)) {
    left_out.push_back({{"what", "occupancy around a change of masks"}, {"why", *why}});
  }
  json result{{"command", report.command},
              {"isolation_evidence", report.no_evidence_because.empty()},
              {"no_evidence_because", report.no_evidence_because},
              {"machine",
               {{"facts", site.facts},
                {"virtual", site.virtual_machine},
                {"l3_bytes", site.l3.bytes},
                {"l2_bytes", site.l2_bytes},
                {"l3_ways", site.ways},
                {"victim_cpu", site.victim_cpu},
                {"beside", site.beside},
                {"elsewhere", site.elsewhere}}},
              {"settings", settings_of(report)},
              {"left_out", std::move(left_out)},
              {"measured", measured(report)}};
  if (report.simulated) result["simulated"] = simulated(*report.simulated);
  return result.dump(1) + "\n";
}

}  // namespace berth::cache_bench
