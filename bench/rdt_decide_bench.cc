// Which ways a job gets, and by which steps: what it costs a job's start to decide that on a node
// where 15 others run. Pure computation, no kernel.
#include <benchmark/benchmark.h>

#include <chrono>
#include <numeric>
#include <string>
#include <vector>

#include "bench/rdt_bench.h"
#include "rdt/allocate.h"
#include "rdt/transition.h"

namespace berth::rdt {
namespace {

using std::chrono::steady_clock;

// A node with caches of 20 ways on which 15 exclusive jobs hold a way of each, every one in a group
// of its own, and room for more; bandwidth and monitoring as such a node has them.
struct Node {
  Capability capability;
  Layout layout;
  KernelState state;
  std::vector<unsigned> domains;

  explicit Node(unsigned caches) : domains(caches) {
    std::iota(domains.begin(), domains.end(), 0U);
    capability.caches.l3 =
        CacheCapability{WayMask(0xfffff), WayMask(), 1, 32, false, false, domains};
    capability.throttles.mb =
        BandwidthCapability{BandwidthCapability::Unit::percent, 10, 10, 100, 32, domains};
    capability.monitor = MonitorCapability{64, {"llc_occupancy"}};
    capability.max_groups = 31;
    const WayMask full = capability.caches.l3->full;
    layout.original.l3.assign(caches, {full, full});
    for (unsigned i = 0; i < kGroups; ++i) take("job_" + std::to_string(i), wish_for(1, domains));
    state.default_group.masks.l3.assign(caches,
                                        default_in(*capability.caches.l3, layout, Cache::l3, 0));
    state.default_group.figures.mb.assign(caches, 100);
    for (const Clos& group : layout.groups) {
      state.groups.push_back({group.name, control_of(capability, layout, group)});
      state.groups.back().control.monitors = {group.members.front().claim};
    }
  }

  std::variant<Grant, Refusal> ask(const std::string& claim, const Wish& wish) const {
    return allocate(capability, layout, {}, claim, "job", wish, Rules{});
  }
  void take(const std::string& claim, const Wish& wish) {
    layout = std::get<Grant>(ask(claim, wish)).layout;
  }
};

// allocate and transition, as take does them under the lock.
void decide(benchmark::State& state, const Node& node, const Wish& wish) {
  std::vector<double> decided;
  for (auto _ : state) {
    const auto start = steady_clock::now();
    auto answer = node.ask("job_new", wish);
    if (!std::holds_alternative<Grant>(answer)) {
      state.SkipWithError("refused");
      break;
    }
    auto steps = transition(node.capability, node.state, std::get<Grant>(answer).layout);
    benchmark::DoNotOptimize(steps);
    decided.push_back(microseconds_since(start));
  }
  report(state, "decide", std::move(decided));
}

void decide_beside_15_groups(benchmark::State& state) {
  const Node node(static_cast<unsigned>(state.range(0)));
  decide(state, node, wish_for(2, node.domains));
}
BENCHMARK(decide_beside_15_groups)
    ->ArgName("domains")
    ->Arg(2)
    ->Arg(8)
    ->Unit(benchmark::kMicrosecond);

// Two holes of one way and four ways free at the top: the 13 others are moved to make six of them.
void decide_with_compaction(benchmark::State& state) {
  Node node(static_cast<unsigned>(state.range(0)));
  for (const char* gone : {"job_0", "job_7"}) {
    node.layout = node.layout.without(gone);
    std::erase_if(node.state.groups, [&](const KernelGroup& group) {
      return node.layout.find(group.name) == nullptr;
    });
  }
  decide(state, node, wish_for(6, node.domains));
}
BENCHMARK(decide_with_compaction)
    ->ArgName("domains")
    ->Arg(2)
    ->Arg(8)
    ->Unit(benchmark::kMicrosecond);

void refuse_beside_15_groups(benchmark::State& state) {
  const Node node(static_cast<unsigned>(state.range(0)));
  const Wish wish = wish_for(5, node.domains);
  for (auto _ : state) {
    auto answer = node.ask("job_new", wish);
    if (!std::holds_alternative<Refusal>(answer)) state.SkipWithError("granted");
    benchmark::DoNotOptimize(answer);
  }
}
BENCHMARK(refuse_beside_15_groups)
    ->ArgName("domains")
    ->Arg(2)
    ->Arg(8)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace berth::rdt
