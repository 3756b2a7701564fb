// `berth top`: from two readings of what resctrl counts to the figures of each holder. Pure.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "launcher/cache_map.h"
#include "launcher/counters.h"

namespace berth::launcher {

// A holder's part of one L3.
struct TopPart {
  std::optional<unsigned> ways;
  std::string cpus;  // list format; of claims only
  bool operator==(const TopPart&) const = default;
};

struct TopHolder {
  CountedHolder counted;
  std::map<unsigned, TopPart> parts;  // by cache id
};

struct TopCache {
  uint64_t bytes = 0;  // 0: unknown
  std::optional<unsigned> ways;
};

// One reading.
struct TopSample {
  std::chrono::steady_clock::time_point at;
  std::chrono::system_clock::time_point date;
  std::map<unsigned, TopCache> caches;  // by cache id
  std::vector<TopHolder> holders;
};
TopSample top_sample(const NodeFacts& facts, std::vector<CountedHolder> counted);

struct TopRow {
  HolderKind kind = HolderKind::rest;
  std::string name, purpose;  // as CountedHolder's
  unsigned cache = 0;         // cache id
  TopCache whole;
  TopPart part;
  // Nothing where there is no figure: not counted, not to be had now, or for a rate no reading
  // before this one that it could be the difference to.
  std::optional<uint64_t> occupancy;           // bytes
  std::optional<double> local_rate, all_rate;  // bytes per second
  std::optional<double> occupied() const;      // occupancy as a part of the cache, 0 to 1
};

// A row for each holder and each L3 in which it has CPUs or counts anything; of foreign groups and
// the rest, for each L3. A rate is the difference of the two readings; none where a counter went
// backwards, for then the group's RMID is a new one. A monitor group that a claim has only since
// the first reading counted from 0.
std::vector<TopRow> top_rows(const TopSample* before, const TopSample& now);

enum class TopOrder { bandwidth, occupancy, name };
// The most first, rows without a figure last; equals by name and cache, the rest behind all others.
void sort_rows(std::vector<TopRow>& rows, TopOrder order);

}  // namespace berth::launcher
