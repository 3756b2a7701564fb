// Real limits so tight that the set-up would not fit into them, on whatever cgroups this machine
// has: `true` starts under them where they are applied late. Prints the smallest ones, applied late
// and applied early.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "base/error.h"
#include "runtime/cgroup/node.h"
#include "runtime/container/spawn.h"
#include "tests/runtime/container/bundle.h"

namespace berth::runtime {
namespace {

using test::kNobody;
using test::Outcome;

constexpr int64_t kMebibyte = 1 << 20;

class LateLimitsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
    hierarchy_ = cgroup::detect();
  }
  void TearDown() override {
    cgroup::remove(hierarchy_, path_);
    cgroup::prune(hierarchy_, "berth-test");
  }

  // `true` in a fresh cgroup with these limits, as `uid`; its exit status. The limits are opened by
  // root.
  int run_true(uid_t uid, const cgroup::Limits& limits, bool late) {
    cgroup::remove(hierarchy_, path_);
    const cgroup::Node node =
        cgroup::Node::create(hierarchy_, path_, late ? cgroup::Limits{} : limits);
    Entry entry = bundle_.entry({"true"});
    if (late) entry.limits = node.late(limits);
    CgroupJoin join = node.join();  // opened by root, as the limits are
    const Outcome outcome = test::launch(uid, [&] {
      const Child child = spawn(std::move(entry), std::move(join));
      ::_exit(forward_and_wait(child));
    });
    last_error_ = outcome.err;
    return outcome.status;
  }

  // In steps of 4 KiB, by bisection.
  int64_t smallest_memory(bool late) {
    int64_t fails = 0, starts = 64 * kMebibyte;
    while (starts - fails > 4096) {
      const int64_t middle = (fails + starts) / 2 / 4096 * 4096;
      (run_true(0, {.memory_bytes = middle, .pids = {}, .cpus = {}, .mems = {}}, late) == 0
           ? starts
           : fails) = middle;
    }
    return starts;
  }

  cgroup::Hierarchy hierarchy_;
  std::string path_ = "berth-test/late_" + std::to_string(::getpid());
  test::Bundle bundle_;
  std::string last_error_;
};

constexpr cgroup::Limits tight() {
  return {.memory_bytes = kMebibyte, .pids = 1, .cpus = {}, .mems = {}};
}

TEST_F(LateLimitsTest, TrueStartsUnderOneMebibyteAndOneProcessAsRoot) {
  EXPECT_EQ(run_true(0, tight(), true), 0) << last_error_;
}

TEST_F(LateLimitsTest, TrueStartsUnderOneMebibyteAndOneProcessRootless) {
  EXPECT_EQ(run_true(kNobody, tight(), true), 0) << last_error_;
}

TEST_F(LateLimitsTest, TheLimitsAreThereWhenTheProgramRuns) {
  // Two processes do not fit into pids.max 1: a shell that forks sees it.
  Entry entry = bundle_.shell("ls & wait $!");
  cgroup::remove(hierarchy_, path_);
  const cgroup::Node node = cgroup::Node::create(hierarchy_, path_, {});
  entry.limits = node.late({.memory_bytes = {}, .pids = 1, .cpus = {}, .mems = {}});
  const Outcome outcome = test::launch(0, [&] {
    const Child child = spawn(std::move(entry), node.join());
    ::_exit(forward_and_wait(child));
  });
  EXPECT_NE(outcome.status, 0);
  EXPECT_NE(outcome.err.find("can't fork"), std::string::npos) << outcome.err;
}

TEST_F(LateLimitsTest, TheSmallestOnesArePrinted) {
  const int64_t late = smallest_memory(true), early = smallest_memory(false);
  std::printf("smallest memory limit under which true starts: late %lld KiB, early %lld KiB\n",
              static_cast<long long>(late >> 10), static_cast<long long>(early >> 10));
  EXPECT_LE(late, kMebibyte);
}

}  // namespace
}  // namespace berth::runtime
