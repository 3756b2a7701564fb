// The loops themselves, in processes of their own, for milliseconds each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "base/error.h"
#include "bench/cache/repetition.h"
#include "bench/cache/requests.h"
#include "bench/cache/worker.h"
#include "topology/cpu_set.h"

namespace berth::cache_bench {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr uint64_t kKiB = 1024;

unsigned some_cpu() {
  return topology::CpuSet::of_task(0).cpus().front();
}

VictimTask task_of(VictimKind kind, uint64_t bytes = 256 * kKiB) {
  return {kind, bytes, milliseconds(2), milliseconds(20), 1, {}};
}

class EachVictim : public ::testing::TestWithParam<VictimKind> {};

TEST_P(EachVictim, SaysWhatALineCosts) {
  Arrangement arrangement;
  arrangement.victim = task_of(GetParam());
  arrangement.victim_cpu = some_cpu();
  const VictimResult result = run(arrangement).victim;
  EXPECT_GT(result.steps, 100U);
  EXPECT_GE(result.seconds, 0.019);
  EXPECT_GT(result.nanoseconds, 0.01);
  EXPECT_LT(result.nanoseconds, 1e6);
}

INSTANTIATE_TEST_SUITE_P(Workers, EachVictim,
                         ::testing::Values(VictimKind::chase, VictimKind::chains, VictimKind::triad,
                                           VictimKind::requests),
                         [](const auto& kind) { return std::string(name_of(kind.param)); });

class EachAggressor : public ::testing::TestWithParam<AggressorKind> {};

TEST_P(EachAggressor, WorksUntilItIsStopped) {
  Arrangement arrangement;
  arrangement.victim = task_of(VictimKind::chase);
  arrangement.victim_cpu = some_cpu();
  arrangement.aggressors = {{GetParam(), 1024 * kKiB, 1}, {GetParam(), 1024 * kKiB, 2}};
  arrangement.aggressor_cpus = {some_cpu(), some_cpu()};
  arrangement.lead = milliseconds(5);
  const Repetition repetition = run(arrangement);
  ASSERT_EQ(repetition.aggressors.size(), 2U);
  for (const AggressorResult& result : repetition.aggressors) {
    EXPECT_GT(result.bytes, 0U);
    EXPECT_GT(result.seconds, 0.02);
  }
}

INSTANTIATE_TEST_SUITE_P(Workers, EachAggressor,
                         ::testing::Values(AggressorKind::read, AggressorKind::write,
                                           AggressorKind::nt_write, AggressorKind::random),
                         [](const auto& kind) {
                           return kind.param == AggressorKind::nt_write
                                      ? std::string("nt_write")
                                      : std::string(name_of(kind.param));
                         });

TEST(Worker, WithTooMuchMemoryToHaveSaysSo) {
  Arrangement arrangement;
  arrangement.victim = task_of(VictimKind::chase, uint64_t{1} << 60);
  arrangement.victim_cpu = some_cpu();
  try {
    (void)run(arrangement);
    FAIL() << "an exbibyte";
  } catch (const Error& e) {
    EXPECT_THAT(e.message(), HasSubstr("victim chase: map memory of"));
  }
}

TEST(Worker, OnACpuThatIsNotThereSaysSo) {
  Arrangement arrangement;
  arrangement.victim = task_of(VictimKind::chase);
  arrangement.victim_cpu = 100000;
  try {
    (void)run(arrangement);
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.message(), HasSubstr("bind to CPUs '100000'"));
  }
}

TEST(Worker, IsGoneWithWhoStartedIt) {
  pid_t pid = 0;
  {
    Worker worker(AggressorTask{AggressorKind::read, 64 * kKiB, 1}, some_cpu());
    pid = worker.pid();
    worker.begin();
    worker.wait_ready();
    worker.go();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

std::vector<Line> cycle(size_t count) {
  std::vector<Line> lines(count);
  link_cycle(lines, 1);
  return lines;
}

// The server is late from the first request on: each next one has waited longer. Who asked only
// after each answer would see every one served in the same time.
TEST(Requests, ThatArriveFasterThanTheyAreServedWait) {
  std::vector<Line> lines = cycle(4096);
  VictimTask task = task_of(VictimKind::requests);
  const double service = serve(task, lines).nanoseconds;
  ASSERT_GT(service, 0);
  task.interval = std::chrono::nanoseconds(std::max<int64_t>(1, static_cast<int64_t>(service / 4)));
  const VictimResult late = serve(task, lines);
  EXPECT_TRUE(late.saturated);
  ASSERT_FALSE(late.latencies.empty());
  EXPECT_GT(static_cast<double>(late.latencies.back().nanoseconds), 100 * service);
}

TEST(Requests, ComeAtTheirTimesHoweverFewTheyAre) {
  std::vector<Line> lines = cycle(1024);
  VictimTask task = task_of(VictimKind::requests);
  task.interval = milliseconds(1);
  const VictimResult result = serve(task, lines);
  EXPECT_EQ(result.steps, 20U);
}

}  // namespace
}  // namespace berth::cache_bench
