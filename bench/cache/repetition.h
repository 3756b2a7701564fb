// One repetition: the processes of a cell, from their start to their results.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "bench/cache/cache_group.h"
#include "bench/cache/workload.h"

namespace berth::cache_bench {

// Means while the victim was measured, of one side's group in the victim's L3.
struct GroupUse {
  std::optional<double> occupancy;  // bytes (llc_occupancy)
  std::optional<double> bandwidth;  // bytes a second (mbm_total_bytes)
};

struct Repetition {
  unsigned block = 0, order = 0;  // in which round of all cells, and at which place in it
  uint64_t seed = 0;
  VictimResult victim;
  std::vector<AggressorResult> aggressors;
  // Of a victim in a group of its own; of the aggressors' group, or the default one that they and
  // everybody else are in.
  GroupUse victim_use, others_use;
  double stolen_seconds = 0;  // of the victim's CPU, by the hypervisor (proc(5), /proc/stat)
};

// Who runs where, and in which groups.
struct Arrangement {
  VictimTask victim;
  unsigned victim_cpu = 0;
  std::vector<AggressorTask> aggressors;
  std::vector<unsigned> aggressor_cpus;         // one for each
  std::chrono::milliseconds lead{100};          // for which aggressors work before the victim does
  const CacheGroup* victim_group = nullptr;     // null: the default group
  const CacheGroup* aggressor_group = nullptr;  // likewise
  const rdt::Group* everybody = nullptr;  // the default group, to be read; null: nothing is counted
  unsigned domain = 0;                    // the victim's L3 in resctrl
};

// Throws Error where a process fails; none is left behind.
Repetition run(const Arrangement& arrangement);

}  // namespace berth::cache_bench
