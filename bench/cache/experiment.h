// All repetitions of all cells: block by block, in each block every cell once, in an order by lot.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "bench/cache/condition.h"
#include "bench/cache/repetition.h"

namespace berth::cache_bench {

struct Settings {
  Wanted wanted;
  unsigned ways = 0;         // the victim's, in its conditions that have a mask
  uint64_t working_set = 0;  // bytes
  uint64_t aggressor_bytes = 0;
  unsigned repetitions = 10;
  std::chrono::milliseconds lead{100}, warm_up{200}, run{500};
  std::string mbw = "20%";  // of the aggressors in partitioned+mba, as --mbw
  uint64_t seed = 1;
};

// Those that are 0 by what is here: half of the ways that can be granted, three quarters of what
// they hold of a cache of `l3_bytes`, aggressors of twice the L3, at most an eighth of the memory
// that is free each.
void fill_in(Settings& settings, const Site& site, uint64_t l3_bytes);

struct CellResult {
  Cell cell;
  std::vector<Repetition> repetitions;  // by block
};

// The groups of a condition on this node, made anew for each repetition.
struct Node {
  const Site& site;
  const topology::Machine& machine;
  const launcher::Policy& policy;
  const launcher::Roots* roots = nullptr;  // null: not root, nothing is divided or counted
};

// A victim's options for `ways` of its L3, alone.
launcher::RdtOptions options_for(unsigned ways);

struct Progress {
  size_t done = 0, all = 0;
  std::string what;
};
using Tell = std::function<void(const Progress&)>;

struct Experiment {
  // Between two arrivals of the victim `requests`: twice its service time alone, found first.
  std::chrono::nanoseconds interval{0};
  std::vector<CellResult> results;
  std::vector<LeftOut> left_out;
};

// A condition that the node refuses after all is left out with the node's words.
Experiment run(const Node& node, const Settings& settings, const Tell& tell);

// The order of `count` cells in a block, by lot.
std::vector<size_t> order_of(size_t count, uint64_t seed, unsigned block);

}  // namespace berth::cache_bench
