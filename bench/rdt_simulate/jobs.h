// The synthetic jobs: when each comes, how long it stays, how many cores it needs and what it asks
// of the cache. A seed and a node make a stream; it is the same for every policy, and but for the
// times between arrivals for every load.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/rdt_simulate/cores.h"
#include "bench/rdt_simulate/node.h"
#include "rdt/wish.h"

namespace berth::rdt_simulate {

// Shares of all jobs, in percent. They are nobody's measurement.
struct Mix {
  std::string name = "mixed";
  unsigned spanning = 8;     // more cores than an L3 has
  unsigned any_size = 15;    // 1 core to all of an L3, alike; the rest: a power of two, all alike,
  unsigned largest = 64;     // of no more than this
  unsigned no_wish = 10;     // cores only
  unsigned shared = 10;      // 10 to 50% of the cache, shared; the rest: ways of their own
  unsigned automatic = 40;   // of those with ways of their own: as many as they have of the cores,
  unsigned in_percent = 25;  // the rest: ways, both half, once (twice as often) or twice as many
  unsigned bandwidth = 25;   // of those with a wish, where the node has MBA: 10 to 90% of it
  double median_hours = 1;   // lengths are lognormal
  double sigma = 1.5;
};

// 1, 2 or 4 cores each: many at once.
Mix small_jobs();

struct Job {
  double arrival = 0, hours = 0;
  unsigned cores = 0;
  bool shared = false;
  std::optional<rdt::Amount> ways;  // nothing: no wish
  std::optional<rdt::Bandwidth> bandwidth;
  bool operator==(const Job&) const = default;
};

// `count` jobs, Poisson; what they need comes to `load` of the node's cores over all of the time.
std::vector<Job> make_jobs(const Node& node, const Mix& mix, double load, size_t count,
                           uint64_t seed);

// For the cores that the job got; of a job with a wish.
rdt::Wish wish_of(const Job& job, const Node& node, const std::vector<Part>& parts);

}  // namespace berth::rdt_simulate
