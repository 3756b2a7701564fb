#include "runtime/resources/stats.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ctime>

#include "base/error.h"
#include "runtime/cgroup/directory.h"
#include "runtime/cgroup/node.h"
#include "runtime/resources/apply.h"
#include "runtime/resources/oom_events.h"
#include "tests/runtime/cgroup/scratch.h"

namespace berth::runtime::resources {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

class StatsTest : public cgroup::Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    if (IsSkipped()) return;
    hierarchy_.controllers = cgroup::ControllerSet::container;
    node_.emplace(cgroup::Node::create(hierarchy_, path("c1"), {}));
  }
  Stats stats() const { return read_stats(hierarchy_, path("c1")); }
  std::optional<cgroup::Node> node_;
};

TEST_F(StatsTest, CountWhatWasUsed) {
  const Stats before = stats();
  EXPECT_GT(before.memory.usage.limit, uint64_t{1} << 62);
  EXPECT_EQ(before.pids.limit, 0u);
  spec::Resources limits;
  limits.memory_limit = 64 * kMiB;
  limits.pids_limit = 20;
  apply_limits(hierarchy_, path("c1"), limits);
  stay_in(*node_, [] { cgroup::keep_memory(16 * kMiB); });
  const auto burn = [] {
    while (std::clock() < CLOCKS_PER_SEC / 20) continue;
    return 0;
  };
  EXPECT_EQ(run_in(*node_, burn), 0);
  for (int i = 0; i < 500 && stats().memory.usage.usage < 16 * kMiB; ++i) ::usleep(10000);
  const Stats after = stats();
  EXPECT_GE(after.cpu.total - before.cpu.total, 40'000'000u);
  EXPECT_GE(after.cpu.user + after.cpu.kernel, 30'000'000u);
  EXPECT_GE(after.memory.usage.usage, 16u * kMiB);
  EXPECT_GE(after.memory.usage.max, 16u * kMiB);
  EXPECT_EQ(after.memory.usage.limit, 64u * kMiB);
  EXPECT_EQ(after.memory.swap.limit, 64u * kMiB) << "memory and swap together";
  EXPECT_FALSE(after.memory.raw.empty());
  EXPECT_EQ(after.pids.current, 1u);
  EXPECT_EQ(after.pids.limit, 20u);
  EXPECT_FALSE(after.cpuset.cpus.empty());
  EXPECT_FALSE(after.cpuset.mems.empty());
}

TEST_F(StatsTest, CountThrottling) {
  spec::Resources quota;
  quota.cpu_quota = 1000;
  quota.cpu_period = 20000;
  apply(hierarchy_, path("c1"), quota);
  const auto burn = [] {
    while (std::clock() < CLOCKS_PER_SEC / 100) continue;
    return 0;
  };
  EXPECT_EQ(run_in(*node_, burn), 0);
  EXPECT_GT(stats().cpu.periods, 0u);
  EXPECT_GT(stats().cpu.throttled_periods, 0u);
  EXPECT_GT(stats().cpu.throttled_time, 0u);
}

TEST_F(StatsTest, KnowTheHugepageSizes) {
  if (!cgroup::version_of(hierarchy_, "hugetlb")) GTEST_SKIP() << "no controller hugetlb";
  const auto sizes = stats().hugepages;
  ASSERT_TRUE(sizes.contains("2MB"));
  EXPECT_EQ(sizes.at("2MB").usage, 0u);
  EXPECT_FALSE(sizes.contains("2MB.rsvd"));
}

TEST_F(StatsTest, OfAGroupThatIsNotThereAreZeroes) {
  EXPECT_EQ(read_stats(hierarchy_, path("none")).pids.current, 0u);
}

TEST_F(StatsTest, AKillForWantOfMemoryIsToldOnce) {
  spec::Resources limits;
  limits.memory_limit = 16 * kMiB;
  apply_limits(hierarchy_, path("c1"), limits);
  OomEvents events(hierarchy_, path("c1"));
  EXPECT_FALSE(events.take());
  EXPECT_EQ(run_in(*node_, [] { return cgroup::touch_memory(64 * kMiB) ? 1 : 0; }), SIGKILL);
  pollfd waiting{events.fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&waiting, 1, 10000), 1);
  bool told = events.take();
  // The event may come just before the count.
  for (int i = 0; i < 100 && !told; ++i) {
    ::usleep(10000);
    told = events.take();
  }
  EXPECT_TRUE(told);
  EXPECT_FALSE(events.take());
  EXPECT_EQ(stats().memory.oom_kills, 1u);
}

}  // namespace
}  // namespace berth::runtime::resources
