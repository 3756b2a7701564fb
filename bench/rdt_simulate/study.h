// All replays of a report: every node under every load with every policy.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/rdt_simulate/replay.h"

namespace berth::rdt_simulate {

struct Plan {
  std::vector<Node> nodes = all_nodes();
  std::vector<Policy> policies = all_policies();
  std::vector<double> loads = {0.5, 0.8, 1.0, 1.5};  // of the node's cores
  size_t jobs = 100'000;                             // counted, of each replay
  uint64_t seed = 1;
  Mix mix;
  unsigned threads = 1;
  size_t warm_up() const { return jobs / 20; }  // before them
};

struct Row {
  size_t node = 0, policy = 0;  // positions in the plan
  double load = 0;
  Outcome outcome;
};

struct Study {
  Plan plan;
  uint64_t clock_cost = 0;  // ns
  std::vector<Row> rows;    // by node, load, policy
  double node_years() const;
  uint64_t jobs() const;
};

Study run(const Plan& plan);

}  // namespace berth::rdt_simulate
