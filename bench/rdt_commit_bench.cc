// What a job's part of the caches costs the job's start, once it is decided: the whole transaction
// with the time that resctrl's lock is held, in the three places of rdt_places.h.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <vector>

#include "base/error.h"
#include "bench/rdt_bench.h"
#include "bench/rdt_places.h"
#include "rdt/ledger.h"
#include "tests/support/resctrl/mount.h"

namespace berth::rdt {
namespace {

using std::chrono::steady_clock;

// `groups` claims of one way of each cache are there already; the wish is for 3 ways of each.
void transact(benchmark::State& state, const Resctrl& resctrl, int state_dir) {
  const std::vector<unsigned> domains = resctrl.capability().caches.l3->domains;
  std::vector<std::string> claims;
  for (int64_t i = 0; i < state.range(0); ++i) {
    claims.push_back("job_" + std::to_string(i));
    take(resctrl, state_dir, claims.back(), "job", wish_for(1, domains), Rules{});
  }
  const Wish wish = wish_for(3, domains);
  std::vector<double> locked, decided, returned;
  for (auto _ : state) {
    const auto answer = take(resctrl, state_dir, "job_new", "job", wish, Rules{});
    const Holding* holding = std::get_if<Holding>(&answer);
    if (holding == nullptr) {
      state.SkipWithError(std::get<Refusal>(answer).reason.c_str());
      break;
    }
    locked.push_back(holding->locked_seconds * 1e6);
    decided.push_back(holding->decide_seconds * 1e6);
    const auto start = steady_clock::now();
    give_back(resctrl, state_dir, "job_new");
    returned.push_back(microseconds_since(start));
  }
  for (const std::string& claim : claims) give_back(resctrl, state_dir, claim);
  report(state, "locked", std::move(locked));
  report(state, "decide", std::move(decided));
  report(state, "give_back", std::move(returned));
}

void take_and_give_back(benchmark::State& state) {
  ResctrlTree tree(roomy());
  transact(state, tree.resctrl(), tree.state_dir());
}
BENCHMARK(take_and_give_back)
    ->ArgName("groups")
    ->Arg(0)
    ->Arg(kGroups)
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

// What of that is the tree's: the calls of one take and give_back, and the looks at every group,
// without journal, ledger and decision.
void tree_alone(benchmark::State& state) {
  ResctrlTree tree(roomy());
  const Resctrl resctrl = tree.resctrl();
  for (int64_t i = 0; i < state.range(0); ++i) (void)resctrl.create(fmt::format("berth_{}", i));
  const Schemata lines = parse_schemata("L3:0=7;1=7\n");
  const auto look = [&] {
    benchmark::DoNotOptimize(resctrl.capability());
    benchmark::DoNotOptimize(resctrl.default_group().schemata());
    for (const std::string& name : resctrl.group_names()) {
      const std::optional<Group> group = resctrl.find(name);
      benchmark::DoNotOptimize(group->schemata());
      benchmark::DoNotOptimize(group->monitor_names());
    }
  };
  for (auto _ : state) {
    look();
    resctrl.default_group().write(lines);
    const Group group = resctrl.create("berth_new");
    group.write(lines);
    (void)group.make_monitor("job_new");
    look();
    resctrl.remove("berth_new");
    resctrl.default_group().write(lines);
  }
}
BENCHMARK(tree_alone)
    ->ArgName("groups")
    ->Arg(0)
    ->Arg(kGroups)
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

// The emulator's part: its own time for the calls of one taking and giving back, without FUSE; and
// what one call costs that only goes through FUSE.
class Emulator {
 public:
  Emulator() : mount_(roomy_processor()), resctrl_(mount_.root()) {}
  const Resctrl& resctrl() const { return resctrl_; }

  // The calls that `work` makes.
  template <class Work>
  std::vector<test::resctrl::Call> calls_of(const Work& work) {
    std::vector<test::resctrl::Call> calls;
    mount_.with([&](test::resctrl::Model& model) {
      model.set_hook([&](const test::resctrl::Call& call) {
        calls.push_back(call);
        return 0;
      });
    });
    work();
    mount_.with([](test::resctrl::Model& model) { model.set_hook({}); });
    return calls;
  }

  // The same calls in memory; none of them fails.
  double replay(const std::vector<test::resctrl::Call>& calls) {
    return mount_.with([&](test::resctrl::Model& model) {
      const auto start = steady_clock::now();
      for (const test::resctrl::Call& call : calls) {
        if (const int error = again(model, call); error != 0) {
          throw Error("call the emulator again", call.path, error);
        }
      }
      return microseconds_since(start);
    });
  }

  double round_trip() const {
    struct stat there {};
    const auto start = steady_clock::now();
    check(::stat((mount_.path() + "/schemata").c_str(), &there), "stat", "schemata");
    return microseconds_since(start);
  }

 private:
  static int again(test::resctrl::Model& model, const test::resctrl::Call& call) {
    using test::resctrl::Operation;
    switch (call.operation) {
      case Operation::open:
        return 0;
      case Operation::read:
        return model.read(call.path).error;
      case Operation::list:
        return model.list(call.path).error;
      case Operation::write:
        return model.write(call.path, call.bytes);
      case Operation::make:
        return model.mkdir(call.path);
      case Operation::remove:
        return model.rmdir(call.path);
      case Operation::rename:
        return model.rename(call.path, call.bytes);
    }
    return EINVAL;
  }

  test::resctrl::Mount mount_;
  Resctrl resctrl_;
};

void take_and_give_back_emulated(benchmark::State& state) try {
  Emulator emulator;
  const StateDirectory directory;
  transact(state, emulator.resctrl(), directory.fd());
  const std::vector<unsigned> domains = emulator.resctrl().capability().caches.l3->domains;
  const auto take_one = [&](const std::string& claim, uint64_t ways) {
    take(emulator.resctrl(), directory.fd(), claim, "job", wish_for(ways, domains), Rules{});
  };
  for (int64_t i = 0; i < state.range(0); ++i) take_one("job_" + std::to_string(i), 1);
  const auto calls = emulator.calls_of([&] { take_one("job_new", 3); });
  const auto undone =
      emulator.calls_of([&] { give_back(emulator.resctrl(), directory.fd(), "job_new"); });
  std::vector<double> model, round_trips;
  for (int i = 0; i < 1000; ++i) {
    model.push_back(emulator.replay(calls));
    emulator.replay(undone);
    round_trips.push_back(emulator.round_trip());
  }
  report(state, "model", std::move(model));
  report(state, "round_trip", std::move(round_trips));
  state.counters["calls"] = static_cast<double>(calls.size());
} catch (const Error& error) {
  state.SkipWithError(error.message().c_str());
}
BENCHMARK(take_and_give_back_emulated)
    ->ArgName("groups")
    ->Arg(0)
    ->Arg(kGroups)
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

void take_and_give_back_in_the_kernel(benchmark::State& state) {
  const auto resctrl = idle_kernel(state);
  if (!resctrl) return;
  const StateDirectory directory;
  transact(state, *resctrl, directory.fd());
}
BENCHMARK(take_and_give_back_in_the_kernel)
    ->ArgName("groups")
    ->Arg(0)
    ->Arg(6)
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

}  // namespace
}  // namespace berth::rdt
