#include <fmt/format.h>

#include <algorithm>

#include "bench/cache/figures.h"
#include "bench/cache/report.h"

namespace berth::cache_bench {
namespace {

std::string mebibytes(double bytes) {
  return fmt::format("{:.1f} MiB", bytes / 0x1p20);
}

std::string with_interval(const Estimate& estimate) {
  return fmt::format("{:.2f} ({:.2f} to {:.2f})", estimate.median, estimate.low, estimate.high);
}

template <class T, class Text>
std::string or_dash(const std::optional<T>& value, Text text) {
  return value ? text(*value) : "-";
}

std::string verdict(const Report& report) {
  if (report.no_evidence_because.empty()) {
    return "The ways are fenced off by CAT on a machine that nobody else shares, as far as it "
           "tells.\n";
  }
  std::string text = "NO EVIDENCE OF ISOLATION, whatever the figures say:\n";
  for (const std::string& reason : report.no_evidence_because) {
    text += fmt::format("  - {}\n", reason);
  }
  return text;
}

std::string aggressors_of(const Cell& cell) {
  if (!cell.aggressor) return "";
  return fmt::format("{} x {}", cell.count, name_of(*cell.aggressor));
}

std::string row(const CellFigures& one) {
  std::string text = fmt::format(
      "  {:<16} {:<13} {:>9.2f}  {:<22} {:<22} {:<22}", name_of(one.cell.condition),
      aggressors_of(one.cell), one.nanoseconds.median, or_dash(one.slowdown, with_interval),
      or_dash(one.slowdown_at_mask, with_interval), or_dash(one.efficacy, with_interval));
  text += fmt::format(" {:>10}", or_dash(one.victim_occupancy, mebibytes));
  text += fmt::format(" {:>11}", or_dash(one.aggressor_rate, [](const Estimate& rate) {
                        return fmt::format("{:.1f} GB/s", rate.median / 1e9);
                      }));
  while (!text.empty() && text.back() == ' ') text.pop_back();
  text += '\n';
  if (one.tail) {
    text += fmt::format(
        "  {:<30} p50 {:.1f} us, p99 {:.1f} us, p99.9 {:.1f} us{}\n", "",
        one.tail->p50.median / 1e3, one.tail->p99.median / 1e3, one.tail->p999.median / 1e3,
        one.saturated > 0 ? fmt::format("; the queue grew in {}", one.saturated) : "");
  }
  return text;
}

std::string measured_part(const Report& report) {
  const std::vector<CellFigures> all = figures_of(report.experiment);
  std::string text;
  unsigned disturbed = 0, repetitions = 0;
  for (const VictimKind victim : report.settings.wanted.victims) {
    text += fmt::format("\nmeasured: victim {}, ns for each {}; slowdowns of {}\n", name_of(victim),
                        victim == VictimKind::requests ? "request" : "line",
                        victim == VictimKind::requests ? "the 99th percentile" : "that");
    text += fmt::format("  {:<16} {:<13} {:>9}  {:<22} {:<22} {:<22} {:>10} {:>11}\n", "condition",
                        "aggressors", "ns", "slowdown", "over alone-at-mask", "isolation efficacy",
                        "occupancy", "aggressors");
    for (const CellFigures& one : all) {
      if (one.cell.victim != victim) continue;
      text += row(one);
      disturbed += one.disturbed;
      repetitions += static_cast<unsigned>(one.values.size());
    }
  }
  text += fmt::format(
      "{} repetitions, none left out; in {} the victim's CPU was taken from it for a while\n",
      repetitions, disturbed);
  return text;
}

std::string curve_part(const Report& report) {
  std::string text = fmt::format("\nmeasured: ns for each line of a chase, alone, medians of {}\n",
                                 report.curve_repetitions);
  if (report.cache) {
    text += fmt::format(
        "  half of the way from {:.1f} ns to {:.1f} ns is reached at {}, of an L3 of {}\n",
        report.cache->hit, report.cache->miss, mebibytes(static_cast<double>(report.cache->bytes)),
        mebibytes(static_cast<double>(report.site.l3.bytes)));
  }
  for (const CurvePoint& point : report.curve) {
    text +=
        fmt::format("  {:>10.2f} MiB {:<12} {:>8.2f}\n", static_cast<double>(point.bytes) / 0x1p20,
                    point.ways == 0 ? "whole cache" : fmt::format("{} ways", point.ways),
                    median_of(point.nanoseconds));
  }
  return text;
}

std::string simulated_part(const Simulated& simulated) {
  std::string text = fmt::format(
      "\nsimulated (LRU, {} sets of {} ways; hit {:.1f} ns and miss {:.1f} ns as measured; seed "
      "{})\n  {:<10} {:<16} {:<13} {:>6} {:>10} {:>10}\n",
      simulated.geometry.sets, simulated.geometry.ways, simulated.cache.hit, simulated.cache.miss,
      simulated.seed, "victim", "condition", "aggressors", "rate", "misses", "slowdown");
  for (const SimulatedSlowdown& one : simulated.slowdowns) {
    text += fmt::format("  {:<10} {:<16} {:<13} {:>6.2f} {:>9.1f}% {:>10.2f}\n",
                        name_of(one.victim), name_of(one.condition),
                        fmt::format("{} x {}", one.count, name_of(one.aggressor)), one.rate,
                        100 * one.miss_ratio, one.slowdown);
  }
  return text;
}

std::string left_out_part(const Report& report) {
  std::string text;
  for (const LeftOut& one : report.experiment.left_out) {
    text += fmt::format("  {}: {}\n", one.what, one.why);
  }
  if (const auto* why = std::get_if<std::string>(&report.change)) {
    text += fmt::format("  occupancy around a change of masks: {}\n", *why);
  }
  if (!text.empty()) text.insert(0, "\nleft out:\n");
  return text;
}

}  // namespace

std::string to_text(const Report& report) {
  const Settings& settings = report.settings;
  std::string text = verdict(report);
  text += fmt::format(
      "\nvictim on CPU {}, {} in {} of {} ways; {} repetitions in an order by lot, seed {}; {} ms "
      "each after {} ms of warm-up; medians with 95% intervals\n",
      report.site.victim_cpu, mebibytes(static_cast<double>(settings.working_set)), settings.ways,
      report.site.ways, settings.repetitions, settings.seed, settings.run.count(),
      settings.warm_up.count());
  for (const auto& [name, value] : report.site.facts) {
    text += fmt::format("  {:<14} {}\n", name, value);
  }
  text += measured_part(report);
  if (!report.curve.empty()) text += curve_part(report);
  if (report.simulated) text += simulated_part(*report.simulated);
  return text + left_out_part(report);
}

}  // namespace berth::cache_bench
