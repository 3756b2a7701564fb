// What a step used of the caches that it asked for: one line for its user, one record for the
// admin.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rdt/ledger.h"

namespace berth::launcher {

struct UsedDomain {
  unsigned id = 0;                                   // L3 cache id
  unsigned ways = 0, of_ways = 0;                    // 0 ways: as the default group has them
  std::optional<uint64_t> occupancy;                 // bytes; the largest that was seen
  std::optional<uint64_t> total_bytes, local_bytes;  // of memory traffic, since the start
  bool operator==(const UsedDomain&) const = default;
};

struct RdtUse {
  std::string claim, part;  // `job_12`, `0`
  std::string who;          // `job 12 step 0`
  std::string asked;
  double seconds = 0;
  std::vector<UsedDomain> domains;  // where it has CPUs
};

// `job 12 step 0: L3 0: 4 of 11 ways, 2.8 MiB used, 1.2 GiB of memory traffic (1.0 GiB local, 310
// MiB/s)`; what the node does not count is left out.
std::string to_line(const RdtUse& use);
// One JSON object in one line; `time` in UTC.
std::string to_record(const RdtUse& use, const std::string& node,
                      std::chrono::system_clock::time_point time);
// Appends it in one write, to a file that is made where it is not there (0644) and that must be a
// regular one of root's. Throws Error.
void append_record(const std::string& path, const std::string& record);

// Counts from its making on.
class RdtMeter {
 public:
  // `claim` has its part of `holding`; `place` is where its tasks are counted. Without a monitor
  // group it has the figures of its group, but of a class of the policy's none: others may join it.
  RdtMeter(rdt::OpenPlace place, const rdt::Holding& holding, const std::string& claim);
  // The largest occupancy of all samples is reported: what a task leaves behind others fill soon.
  void sample();
  RdtUse use() const;

 private:
  struct Domain {
    UsedDomain use;
    std::optional<uint64_t> total_before, local_before;
  };
  std::vector<rdt::DomainFigures> figures() const;
  rdt::OpenPlace place_;
  bool alone_ = false;  // in its group, now and later
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_ = start_;
  std::vector<Domain> domains_;
};

}  // namespace berth::launcher
