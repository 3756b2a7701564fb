// What came of a stream of jobs.
#pragma once

#include <cstdint>

namespace berth::rdt_simulate {

struct Refusals {
  uint64_t ways = 0, fragmentation = 0, groups = 0;
  uint64_t all() const { return ways + fragmentation + groups; }
  bool operator==(const Refusals&) const = default;
};

// Of all jobs after the first ones, which fill the node. Means are over simulated time, ways below
// one L3.
struct Figures {
  uint64_t jobs = 0;
  uint64_t no_cores = 0;  // went away for want of cores
  uint64_t asked = 0;     // had cores and a wish
  Refusals refused;
  uint64_t ways_asked = 0, ways_refused = 0;  // over all domains of each wish
  uint64_t packed = 0;                        // given a group that others had
  uint64_t moves = 0, ways_moved = 0;
  double rate_margin = 0;  // of refusals/asked: half of its 95% interval, by batch means
  double hours = 0;
  double cores_busy = 0;     // share of the node's
  double idle_ways = 0;      // could be granted, nobody of the jobs has them
  double stranded_ways = 0;  // of the idle ones, those that the default group does not have either
  double default_ways = 0;
  double groups = 0;
  unsigned most_groups = 0;
  uint64_t checks = 0;  // changes after each of whose steps all promises were looked at
  bool operator==(const Figures&) const = default;

  double refusal_rate() const;       // of `asked`
  double ways_refusal_rate() const;  // of `ways_asked`: who asks for many weighs more
  double per_asked(uint64_t count) const;
};

// rdt::allocate() and rdt::transition() for a job that asks, in ns of this machine's own time.
struct DecisionTimes {
  uint64_t p50 = 0, p99 = 0;
};

struct Outcome {
  Figures figures;
  DecisionTimes times;
};

inline double Figures::per_asked(uint64_t count) const {
  return asked == 0 ? 0 : static_cast<double>(count) / static_cast<double>(asked);
}

inline double Figures::refusal_rate() const {
  return per_asked(refused.all());
}

inline double Figures::ways_refusal_rate() const {
  return ways_asked == 0 ? 0 : static_cast<double>(ways_refused) / static_cast<double>(ways_asked);
}

}  // namespace berth::rdt_simulate
