// What `berth show` reads and draws, of a node where so many jobs have ways of their own.
#include <benchmark/benchmark.h>

#include "bench/rdt_bench.h"
#include "bench/rdt_places.h"
#include "launcher/cache_map.h"
#include "launcher/claims.h"
#include "launcher/node_facts.h"
#include "rdt/ledger.h"
#include "tests/support/resctrl/mount.h"
#include "topology/machine.h"

namespace berth::rdt {
namespace {

using std::chrono::steady_clock;

void show(benchmark::State& state, const Resctrl& resctrl) {
  const StateDirectory directory;
  const launcher::Claims claims = launcher::Claims::open(directory.path());
  const Wish wish = wish_for(1, resctrl.capability().caches.l3->domains);
  std::vector<std::string> taken;
  std::string refused;
  for (int64_t i = 0; i < state.range(0) && refused.empty(); ++i) {
    const std::string name = "job_" + std::to_string(i);
    const auto answer = take(resctrl, claims.state_dir(), name, name, wish, Rules{});
    if (const Refusal* refusal = std::get_if<Refusal>(&answer)) {
      refused = refusal->reason;
      break;
    }
    taken.push_back(name);
    claims.add_use(name, {"0_node_0", launcher::Holder::self(), "0"});
  }
  const topology::Machine machine = topology::Machine::load();
  std::vector<double> read, drawn;
  for (auto _ : state) {
    if (!refused.empty()) {
      state.SkipWithError(refused.c_str());
      break;
    }
    const auto start = steady_clock::now();
    const launcher::NodeFacts facts = launcher::node_facts(machine, &claims, &resctrl);
    read.push_back(microseconds_since(start));
    benchmark::DoNotOptimize(launcher::draw(facts));
    drawn.push_back(microseconds_since(start) - read.back());
  }
  for (const std::string& name : taken) give_back(resctrl, claims.state_dir(), name);
  report(state, "read", std::move(read));
  report(state, "draw", std::move(drawn));
}

void show_node(benchmark::State& state) {
  const ResctrlTree tree(roomy());
  show(state, tree.resctrl());
}
BENCHMARK(show_node)
    ->ArgName("groups")
    ->Arg(0)
    ->Arg(kGroups + 1)
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

void show_node_emulated(benchmark::State& state) try {
  const test::resctrl::Mount mount(roomy_processor());
  show(state, Resctrl(mount.root()));
} catch (const Error& error) {
  state.SkipWithError(error.message().c_str());
}
BENCHMARK(show_node_emulated)
    ->ArgName("groups")
    ->Arg(0)
    ->Arg(kGroups + 1)
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

void show_node_in_the_kernel(benchmark::State& state) {
  const auto resctrl = idle_kernel(state);
  if (resctrl) show(state, *resctrl);
}
BENCHMARK(show_node_in_the_kernel)
    ->ArgName("groups")
    ->Arg(0)
    ->Arg(6)
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

}  // namespace
}  // namespace berth::rdt
