// Reads a group's counters while something runs.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "rdt/monitoring.h"

namespace berth::cache_bench {

struct GroupSample {
  double seconds = 0;  // since the sampler began
  rdt::DomainFigures figures;
};

class GroupSampler {
 public:
  using Read = std::function<std::optional<rdt::DomainFigures>()>;
  // Calls `read` every `period` in a thread of its own until this ends.
  GroupSampler(Read read, std::chrono::milliseconds period);
  // Ends it. Throws what `read` threw.
  std::vector<GroupSample> stop();

 private:
  void sample(const std::stop_token& stop, std::chrono::milliseconds period);

  Read read_;
  std::vector<GroupSample> samples_;
  std::exception_ptr failure_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace berth::cache_bench
