// What a task waits for that joins its claim's groups, once they are there. A tree of files would
// only tell what it is to append to one.
#include <benchmark/benchmark.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/rdt_bench.h"
#include "bench/rdt_places.h"
#include "rdt/ledger.h"
#include "tests/support/resctrl/mount.h"

namespace berth::rdt {
namespace {

using std::chrono::steady_clock;

// Forked, as Slurm's task is that waits for its hooks, and has done nothing yet.
class FreshTask {
 public:
  FreshTask() : pid_(check(::fork(), "fork", "")) {
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) ::pause();
    }
  }
  ~FreshTask() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  FreshTask(const FreshTask&) = delete;
  FreshTask& operator=(const FreshTask&) = delete;
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

void join(benchmark::State& state, const Resctrl& resctrl, int state_dir) {
  const Wish wish = wish_for(3, resctrl.capability().caches.l3->domains);
  const auto answer = take(resctrl, state_dir, "job_new", "job", wish, Rules{});
  const Holding* holding = std::get_if<Holding>(&answer);
  if (holding == nullptr) {
    return state.SkipWithError(std::get<Refusal>(answer).reason.c_str());
  }
  std::vector<double> joined;
  {
    const OpenPlace place = open_place(resctrl, holding->place);
    for (auto _ : state) {
      const FreshTask task;
      const auto start = steady_clock::now();
      if (!place.add(task.pid())) {
        state.SkipWithError("the task is gone");
        break;
      }
      joined.push_back(microseconds_since(start));
    }
  }
  give_back(resctrl, state_dir, "job_new");
  report(state, "join", std::move(joined));
}

void join_a_group_emulated(benchmark::State& state) try {
  const test::resctrl::Mount mount(roomy_processor());
  const Resctrl resctrl(mount.root());
  const StateDirectory directory;
  join(state, resctrl, directory.fd());
} catch (const Error& error) {
  state.SkipWithError(error.message().c_str());
}
BENCHMARK(join_a_group_emulated)->Iterations(500)->Unit(benchmark::kMicrosecond)->UseRealTime();

void join_a_group_in_the_kernel(benchmark::State& state) {
  const auto resctrl = idle_kernel(state);
  if (!resctrl) return;
  const StateDirectory directory;
  join(state, *resctrl, directory.fd());
}
BENCHMARK(join_a_group_in_the_kernel)
    ->Iterations(500)
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

}  // namespace
}  // namespace berth::rdt
