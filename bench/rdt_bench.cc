// What a job's slice of cache costs the job's start: the decision, and the whole transaction with
// the time that resctrl's lock is held. The transaction runs on a tree of files in memory: its
// figures are berth's own work and say nothing of the kernel's or of the hardware's.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "rdt/ledger.h"
#include "tests/support/resctrl_tree.h"

namespace berth::rdt {
namespace {

constexpr uint64_t kL3Bytes = 32 << 20;

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[static_cast<size_t>(q * static_cast<double>(values.size() - 1))];
}

// A node with `domains` caches of 20 ways on which 16 groups hold a way each, and room for more.
struct Node {
  Capability capability;
  Schemata original;
  std::vector<InUse> groups;
  Wish wish{{Amount::Unit::ways, 2}, false, {}};

  explicit Node(unsigned domains) {
    L3Capability l3{WayMask(0xfffff), WayMask(), 1, 32, false, {}};
    l3.domains.resize(domains);
    std::iota(l3.domains.begin(), l3.domains.end(), 0U);
    capability.l3 = l3;
    capability.max_groups = 31;
    for (const unsigned id : l3.domains) {
      original.resources["L3"][id] = 0xfffff;
      wish.domains[id] = kL3Bytes;
    }
    for (unsigned i = 0; i < 16; ++i) {
      InUse group{"berth_job_" + std::to_string(i), {}, true, true};
      for (const unsigned id : l3.domains) group.schemata.resources["L3"][id] = uint64_t{1} << i;
      groups.push_back(std::move(group));
    }
  }
};

void allocate_beside_16_groups(benchmark::State& state) {
  const Node node(static_cast<unsigned>(state.range(0)));
  for (auto _ : state) {
    auto answer = allocate(node.capability, node.original, node.groups, node.wish, 1);
    if (!std::holds_alternative<Grant>(answer)) state.SkipWithError("refused");
    benchmark::DoNotOptimize(answer);
  }
}
BENCHMARK(allocate_beside_16_groups)->ArgName("domains")->Arg(2)->Arg(8);

void refuse_beside_16_groups(benchmark::State& state) {
  Node node(static_cast<unsigned>(state.range(0)));
  node.wish.l3.value = 5;
  for (auto _ : state) {
    auto answer = allocate(node.capability, node.original, node.groups, node.wish, 1);
    if (!std::holds_alternative<Refusal>(answer)) state.SkipWithError("granted");
    benchmark::DoNotOptimize(answer);
  }
}
BENCHMARK(refuse_beside_16_groups)->ArgName("domains")->Arg(2)->Arg(8);

// range(0): the groups that are there already; each holds a way.
void take_and_give_back(benchmark::State& state) {
  ResctrlTree tree({.full = 0xfffff, .shareable = 0, .l3_closids = 32, .mb_closids = 0});
  const Resctrl resctrl = tree.resctrl();
  Wish wish{{Amount::Unit::ways, 1}, false, {{0, kL3Bytes}, {1, kL3Bytes}}};
  for (int64_t i = 0; i < state.range(0); ++i) {
    take(resctrl, tree.state_dir(), "berth_job_" + std::to_string(i), "job", wish, 1);
  }
  wish.l3.value = 3;
  std::vector<double> locked, decided;
  for (auto _ : state) {
    const auto answer = take(resctrl, tree.state_dir(), "berth_more", "job", wish, 1);
    const Holding* holding = std::get_if<Holding>(&answer);
    if (holding == nullptr) {
      state.SkipWithError("refused");
      break;
    }
    locked.push_back(holding->locked_seconds * 1e6);
    decided.push_back(holding->decide_seconds * 1e6);
    give_back(resctrl, tree.state_dir(), "berth_more");
  }
  state.counters["locked_us_median"] = quantile(locked, 0.5);
  state.counters["locked_us_p99"] = quantile(locked, 0.99);
  state.counters["decide_us_median"] = quantile(decided, 0.5);
  state.counters["decide_us_p99"] = quantile(decided, 0.99);
}
BENCHMARK(take_and_give_back)
    ->ArgName("groups")
    ->Arg(0)
    ->Arg(16)
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

}  // namespace
}  // namespace berth::rdt
