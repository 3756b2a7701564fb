// What a job's slice of cache costs the job's start: the decision, and the whole transaction with
// the time that resctrl's lock is held. The transaction runs on a tree of files in memory: its
// figures are berth's own work and say nothing of the kernel's or of the hardware's. Where the
// machine has resctrl (an idle one; `tests/vm/vm` boots one) it also runs on that.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
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

// `groups` of one way each are there already. The wish is for 3 ways of each cache.
void transact(benchmark::State& state, const Resctrl& resctrl, int state_dir) {
  Wish wish{{Amount::Unit::ways, 1}, false, {}};
  const Capability capability = resctrl.capability();
  for (const unsigned id : capability.l3->domains) wish.domains[id] = kL3Bytes;
  std::vector<std::string> names;
  for (int64_t i = 0; i < state.range(0); ++i) {
    names.push_back("berth_job_" + std::to_string(i));
    take(resctrl, state_dir, names.back(), "job", wish, 1);
  }
  wish.l3.value = 3;
  std::vector<double> locked, decided;
  for (auto _ : state) {
    const auto answer = take(resctrl, state_dir, "berth_more", "job", wish, 1);
    const Holding* holding = std::get_if<Holding>(&answer);
    if (holding == nullptr) {
      state.SkipWithError(std::get<Refusal>(answer).reason.c_str());
      break;
    }
    locked.push_back(holding->locked_seconds * 1e6);
    decided.push_back(holding->decide_seconds * 1e6);
    give_back(resctrl, state_dir, "berth_more");
  }
  for (const std::string& name : names) give_back(resctrl, state_dir, name);
  state.counters["locked_us_median"] = quantile(locked, 0.5);
  state.counters["locked_us_p99"] = quantile(locked, 0.99);
  state.counters["decide_us_median"] = quantile(decided, 0.5);
  state.counters["decide_us_p99"] = quantile(decided, 0.99);
}

void take_and_give_back(benchmark::State& state) {
  ResctrlTree tree({.full = 0xfffff, .shareable = 0, .l3_closids = 32, .mb_closids = 0});
  transact(state, tree.resctrl(), tree.state_dir());
}
BENCHMARK(take_and_give_back)
    ->ArgName("groups")
    ->Arg(0)
    ->Arg(16)
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
  if (!resctrl || !resctrl->capability().l3) return state.SkipWithError("no resctrl with L3 CAT");
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
