#include "bench/cache/figures.h"

#include <algorithm>
#include <functional>

#include "bench/cache/latency_histogram.h"

namespace berth::cache_bench {
namespace {

template <class Value>
std::vector<double> each(const CellResult& result, const Value& value) {
  std::vector<double> values;
  for (const Repetition& one : result.repetitions) values.push_back(value(one));
  return values;
}

double percentile(const Repetition& one, double quantile) {
  return static_cast<double>(quantile_of(one.victim.latencies, quantile));
}

// Of a request the tail is what its sender waits for.
double compared(const CellResult& result, const Repetition& one) {
  return result.cell.victim == VictimKind::requests ? percentile(one, 0.99)
                                                    : one.victim.nanoseconds;
}

std::optional<double> median_where_there(
    const CellResult& result,
    const std::function<std::optional<double>(const Repetition&)>& value) {
  std::vector<double> values;
  for (const Repetition& one : result.repetitions) {
    if (const auto there = value(one)) values.push_back(*there);
  }
  if (values.empty()) return std::nullopt;
  return median_of(std::move(values));
}

CellFigures alone_figures(const CellResult& result) {
  CellFigures figures;
  figures.cell = result.cell;
  figures.nanoseconds =
      estimate(each(result, [](const Repetition& one) { return one.victim.nanoseconds; }));
  figures.values = each(result, [&](const Repetition& one) { return compared(result, one); });
  if (result.cell.victim == VictimKind::requests) {
    const auto tail = [&](double quantile) {
      return estimate(
          each(result, [&](const Repetition& one) { return percentile(one, quantile); }));
    };
    figures.tail = Tail{tail(0.5), tail(0.99), tail(0.999)};
  }
  if (result.cell.aggressor) {
    figures.aggressor_rate = estimate(each(result, [](const Repetition& one) {
      double rate = 0;
      for (const AggressorResult& aggressor : one.aggressors) {
        rate += static_cast<double>(aggressor.bytes) / aggressor.seconds;
      }
      return rate;
    }));
  }
  using Of = const Repetition&;
  figures.victim_occupancy =
      median_where_there(result, [](Of one) { return one.victim_use.occupancy; });
  figures.others_occupancy =
      median_where_there(result, [](Of one) { return one.others_use.occupancy; });
  figures.victim_bandwidth =
      median_where_there(result, [](Of one) { return one.victim_use.bandwidth; });
  figures.others_bandwidth =
      median_where_there(result, [](Of one) { return one.others_use.bandwidth; });
  for (const Repetition& one : result.repetitions) {
    if (one.victim.saturated) ++figures.saturated;
    if (one.victim.involuntary_switches > 0 || one.stolen_seconds > 0) ++figures.disturbed;
  }
  return figures;
}

const CellFigures* find(const std::vector<CellFigures>& all, const Cell& cell) {
  const auto found = std::ranges::find(all, cell, &CellFigures::cell);
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

std::vector<CellFigures> figures_of(const Experiment& experiment) {
  std::vector<CellFigures> all;
  for (const CellResult& result : experiment.results) all.push_back(alone_figures(result));
  for (CellFigures& one : all) {
    const Cell& cell = one.cell;
    const CellFigures* alone = find(all, {cell.victim, Condition::alone, {}, 0});
    const CellFigures* at_mask = find(all, {cell.victim, Condition::alone_at_mask, {}, 0});
    const CellFigures* shared =
        find(all, {cell.victim, Condition::shared, cell.aggressor, cell.count});
    if (alone != nullptr) one.slowdown = ratio(one.values, alone->values);
    const bool fenced =
        cell.condition == Condition::partitioned || cell.condition == Condition::partitioned_mba;
    if (!fenced || at_mask == nullptr) continue;
    one.slowdown_at_mask = ratio(one.values, at_mask->values);
    if (shared != nullptr) one.efficacy = efficacy(shared->values, one.values, at_mask->values);
  }
  return all;
}

}  // namespace berth::cache_bench
