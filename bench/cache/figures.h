// What the repetitions of a cell say, beside those that they are compared with. Pure.
#pragma once

#include <optional>
#include <vector>

#include "bench/cache/experiment.h"
#include "bench/cache/statistics.h"

namespace berth::cache_bench {

struct Tail {
  Estimate p50, p99, p999;  // ns, of the repetitions' own
};

struct CellFigures {
  Cell cell;
  Estimate nanoseconds;      // a line, or a request served
  std::optional<Tail> tail;  // of `requests`
  // Of the time of a line, of `requests` of the 99th percentile; block by block.
  std::optional<Estimate> slowdown;          // against alone
  std::optional<Estimate> slowdown_at_mask;  // against alone-at-mask: 1 is perfect isolation
  std::optional<Estimate> efficacy;          // of a partition, see statistics.h
  std::optional<double> victim_occupancy, others_occupancy;  // bytes, medians
  std::optional<double> victim_bandwidth, others_bandwidth;  // bytes a second, medians
  std::optional<Estimate> aggressor_rate;  // bytes a second of all of them, by their own count
  unsigned saturated = 0;                  // repetitions in which the queue of requests grew
  unsigned disturbed = 0;      // in which the victim's CPU was taken from it: switched or stolen
  std::vector<double> values;  // what slowdowns are made of, by block
};

std::vector<CellFigures> figures_of(const Experiment& experiment);

}  // namespace berth::cache_bench
