#include "bench/cache/group_sampler.h"

#include <utility>

namespace berth::cache_bench {

GroupSampler::GroupSampler(Read read, std::chrono::milliseconds period)
    : read_(std::move(read)),
      thread_([this, period](const std::stop_token& stop) { sample(stop, period); }) {}

void GroupSampler::sample(const std::stop_token& stop, std::chrono::milliseconds period) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  try {
    for (auto next = begin; !stop.stop_requested(); next += period) {
      std::this_thread::sleep_until(next);
      if (auto figures = read_()) {
        samples_.push_back({std::chrono::duration<double>(Clock::now() - begin).count(), *figures});
      }
    }
  } catch (...) {
    failure_ = std::current_exception();
  }
}

std::vector<GroupSample> GroupSampler::stop() {
  thread_.request_stop();
  thread_.join();
  if (failure_) std::rethrow_exception(failure_);
  return std::move(samples_);
}

}  // namespace berth::cache_bench
