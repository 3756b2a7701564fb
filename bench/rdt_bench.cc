// What a job's part of the caches costs the job's start: the decision, and the whole transaction
// with the time that resctrl's lock is held. The transaction runs on a tree of files in memory: its
// figures are berth's own work and the tree's (which `tree_alone` shows), and say nothing of the
// kernel's or of the hardware's. Where the machine has resctrl (an idle one; `tests/vm/vm` boots
// one) it also runs on that.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "rdt/ledger.h"
#include "rdt/transition.h"
#include "tests/support/resctrl_tree.h"

namespace berth::rdt {
namespace {

using std::chrono::steady_clock;

constexpr uint64_t kL3Bytes = 32 << 20;
constexpr unsigned kGroups = 15;

double microseconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double, std::micro>(steady_clock::now() - start).count();
}

// Median and 99th percentile as `NAME_us_median` and `NAME_us_p99`.
void report(benchmark::State& state, const std::string& name, std::vector<double> microseconds) {
  if (microseconds.empty()) return;
  std::ranges::sort(microseconds);
  const auto quantile = [&](double q) {
    return microseconds[static_cast<size_t>(q * static_cast<double>(microseconds.size() - 1))];
  };
  state.counters[name + "_us_median"] = quantile(0.5);
  state.counters[name + "_us_p99"] = quantile(0.99);
}

Wish wish_for(uint64_t ways, const std::vector<unsigned>& domains) {
  Wish wish;
  wish.asked = fmt::format("{}w", ways);
  wish.caches.l3 = CacheWish{Amount{Amount::Unit::ways, ways}, {}, {}};
  for (const unsigned id : domains) wish.domains.l3.push_back({id, kL3Bytes, 8, 8});
  return wish;
}

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

ResctrlTree::Options roomy() {
  return {.full = 0xfffff, .shareable = 0, .l3_closids = 32, .mb_closids = 0};
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

// A state directory as /run/berth is: in memory, gone with the run.
class StateDirectory {
 public:
  StateDirectory() : path_("/dev/shm/berth-bench-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) throw Error("mkdtemp", path_, errno);
    fd_ = open_dir(AT_FDCWD, path_);
  }
  ~StateDirectory() { std::filesystem::remove_all(path_); }
  StateDirectory(const StateDirectory&) = delete;
  StateDirectory& operator=(const StateDirectory&) = delete;
  int fd() const { return fd_.get(); }

 private:
  std::string path_;
  UniqueFd fd_;
};

void take_and_give_back_in_the_kernel(benchmark::State& state) {
  const auto resctrl = Resctrl::open();
  if (!resctrl || !resctrl->capability().caches.l3) {
    return state.SkipWithError("no resctrl with L3 CAT");
  }
  if (!resctrl->group_names().empty()) return state.SkipWithError("somebody uses this resctrl");
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
