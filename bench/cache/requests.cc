#include "bench/cache/requests.h"

#include <random>

#include "base/error.h"
#include "bench/cache/latency_histogram.h"

namespace berth::cache_bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kLateArrivals = 16;

class Server {
 public:
  Server(std::span<Line> lines, uint64_t seed) : lines_(lines), chance_(seed) {}
  void answer() {
    Line* at = &lines_[chance_() % lines_.size()];
    for (uint64_t i = 0; i < kLookups; ++i) at = at->next;
    asm volatile("" : "+r"(at) : : "memory");
  }

 private:
  std::span<Line> lines_;
  std::mt19937_64 chance_;
};

}  // namespace

VictimResult serve(const VictimTask& task, std::span<Line> lines) {
  Server server(lines, task.seed);
  LatencyHistogram latencies;
  VictimResult result;
  const bool open = task.interval.count() > 0;
  auto now = Clock::now(), arrival = now;
  const auto begin = now + task.warm_up, end = begin + task.run;
  std::chrono::nanoseconds busy{0};
  for (; arrival < end; arrival = open ? arrival + task.interval : now) {
    while (now < arrival) now = Clock::now();  // awake, as a server that polls is
    const auto taken_up = now;
    server.answer();
    now = Clock::now();
    if (arrival < begin) continue;
    latencies.add(static_cast<uint64_t>((now - arrival).count()));
    busy += now - taken_up;
  }
  result.steps = latencies.total();
  if (result.steps == 0) throw Error("no request was served in the time of the run");
  result.seconds = std::chrono::duration<double>(now - begin).count();
  result.latencies = latencies.counts();
  result.nanoseconds = static_cast<double>(busy.count()) / static_cast<double>(result.steps);
  result.saturated = open && now - end > kLateArrivals * task.interval;
  return result;
}

}  // namespace berth::cache_bench
