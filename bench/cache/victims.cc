#include "bench/cache/victims.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>

#include "bench/cache/memory.h"
#include "bench/cache/requests.h"

namespace berth::cache_bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kChains = 8;

uint64_t involuntary_switches() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_nivcsw);
}

// The optimiser must take the value for used.
template <class T>
void keep(T& value) {
  asm volatile("" : "+r"(value) : : "memory");
}

// Repeats `step`, which gives the lines that it touched, through the warm-up and the run.
template <class Step>
VictimResult timed(const VictimTask& task, Step step) {
  for (const auto end = Clock::now() + task.warm_up; Clock::now() < end;) step();
  VictimResult result;
  const uint64_t switches = involuntary_switches();
  const auto begin = Clock::now();
  auto now = begin;
  do {
    result.steps += step();
    now = Clock::now();
  } while (now < begin + task.run);
  result.involuntary_switches = involuntary_switches() - switches;
  result.seconds = std::chrono::duration<double>(now - begin).count();
  result.nanoseconds = result.seconds * 1e9 / static_cast<double>(result.steps);
  return result;
}

VictimResult chase(const VictimTask& task, const std::function<void()>& ready) {
  constexpr uint64_t kStep = 4096;  // loads between two looks at the clock
  const Memory memory(task.bytes);
  const std::span<Line> lines = memory.as<Line>(task.bytes);
  link_cycle(lines, task.seed);
  ready();
  Line* at = lines.data();
  return timed(task, [&] {
    for (uint64_t i = 0; i < kStep; ++i) at = at->next;
    keep(at);
    return kStep;
  });
}

VictimResult chains(const VictimTask& task, const std::function<void()>& ready) {
  constexpr uint64_t kStep = 1024;
  const Memory memory(task.bytes);
  const std::span<Line> lines = memory.as<Line>(task.bytes);
  link_cycle(lines, task.seed);
  const std::vector<Line*> starts = spread_along(lines, kChains);
  std::array<Line*, kChains> at{};
  for (size_t chain = 0; chain < kChains; ++chain) at[chain] = starts[chain % starts.size()];
  ready();
  return timed(task, [&] {
    for (uint64_t i = 0; i < kStep; ++i) {
      for (Line*& one : at) one = one->next;
    }
    for (Line*& one : at) keep(one);
    return kStep * kChains;
  });
}

VictimResult triad(const VictimTask& task, const std::function<void()>& ready) {
  constexpr size_t kPerLine = kLineBytes / sizeof(double);
  const Memory memory(task.bytes);
  const std::span<double> all = memory.as<double>(task.bytes);
  const size_t count = all.size() / 3 / kPerLine * kPerLine;
  const auto a = all.subspan(0, count), b = all.subspan(count, count),
             c = all.subspan(2 * count, count);
  std::ranges::fill(all, 1.0);
  ready();
  double scale = 3;
  size_t at = 0;
  return timed(task, [&]() -> uint64_t {
    const size_t end = std::min(at + 512 * kPerLine, count);
    const size_t begin = at;
    keep(scale);
    double* const to = a.data();
    const double *const left = b.data(), *const right = c.data();
    for (size_t i = begin; i < end; ++i) to[i] = left[i] + scale * right[i];
    at = end == count ? 0 : end;
    return 3 * (end - begin) / kPerLine;
  });
}

VictimResult requests(const VictimTask& task, const std::function<void()>& ready) {
  const Memory memory(task.bytes);
  const std::span<Line> lines = memory.as<Line>(task.bytes);
  link_cycle(lines, task.seed);
  ready();
  const uint64_t switches = involuntary_switches();
  VictimResult result = serve(task, lines);
  result.involuntary_switches = involuntary_switches() - switches;
  return result;
}

}  // namespace

VictimResult run_victim(const VictimTask& task, const std::function<void()>& ready) {
  switch (task.kind) {
    case VictimKind::chase:
      return chase(task, ready);
    case VictimKind::chains:
      return chains(task, ready);
    case VictimKind::triad:
      return triad(task, ready);
    case VictimKind::requests:
      break;
  }
  return requests(task, ready);
}

}  // namespace berth::cache_bench
