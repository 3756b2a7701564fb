#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <set>

#include "base/error.h"
#include "runtime/cgroup/node.h"
#include "scratch.h"

namespace berth::runtime::cgroup {
namespace {

using Reap = Scratch;
using Clock = std::chrono::steady_clock;

TEST_F(Reap, ListsProcessesAndGroupsBelow) {
  const Node step = Node::create(hierarchy_, path("job_1/step_0"), {});
  const Node other = Node::create(hierarchy_, path("job_1/step_1"), {});
  const std::set<pid_t> pids = {stay_in(step), stay_in(other)};
  EXPECT_EQ(processes(hierarchy_, path("job_1")), std::vector<pid_t>(pids.begin(), pids.end()));
  EXPECT_EQ(processes(hierarchy_, path("job_1/step_1")).size(), 1U);
  EXPECT_EQ(children(hierarchy_, path("job_1")), (std::vector<std::string>{"step_0", "step_1"}));
  EXPECT_TRUE(children(hierarchy_, path("job_1/step_0")).empty());
}

TEST_F(Reap, WhatIsNotThereIsEmptyAndGone) {
  EXPECT_TRUE(processes(hierarchy_, path("absent/below")).empty());
  EXPECT_TRUE(children(hierarchy_, path("absent")).empty());
  EXPECT_NO_THROW(kill_all(hierarchy_, path("absent")));
  EXPECT_TRUE(remove(hierarchy_, path("absent/below")));
}

TEST_F(Reap, KillsAllBelowAndNobodyElse) {
  const Node step = Node::create(hierarchy_, path("job_1/step_0"), {});
  const Node bystander = Node::create(hierarchy_, path("job_2"), {});
  const pid_t victim = stay_in(step, [] { ::signal(SIGTERM, SIG_IGN); });
  const pid_t survivor = stay_in(bystander);
  kill_all(hierarchy_, path("job_1"));
  int status = 0;
  EXPECT_EQ(::waitpid(victim, &status, WNOHANG), victim) << "dead when kill_all returns";
  EXPECT_EQ(status, SIGKILL);
  EXPECT_EQ(::waitpid(survivor, &status, WNOHANG), 0);
}

TEST_F(Reap, KillsAForkLoop) {
  Limits limits;
  limits.pids = 40;  // bounds the damage of a test that fails
  const Node node = Node::create(hierarchy_, path("job_1"), limits);
  const auto loop = [] {
    ::alarm(20);
    // Each leaves a successor behind and goes: a list of pids is stale as soon as it is read.
    for (;;) {
      if (::fork() > 0) ::_exit(0);
    }
  };
  // Zombies count as pids and would stop the loops: have the kernel reap them.
  auto* const before = ::signal(SIGCHLD, SIG_IGN);
  for (int i = 0; i < 8; ++i) stay_in(node, loop);
  const auto start = Clock::now();
  kill_all(hierarchy_, path("job_1"));
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(2));
  EXPECT_TRUE(processes(hierarchy_, path("job_1")).empty());
  EXPECT_EQ(read("pids", path("job_1"), "pids.max"), "40") << "the limit is what it was";
  ::signal(SIGCHLD, before);
  EXPECT_EQ(run_in(node, [] { return ::fork() < 0 ? 1 : 0; }), 0);
}

TEST_F(Reap, RemoveSaysWhenSomebodyIsStillInside) {
  const Node node = Node::create(hierarchy_, path("job_1/step_0"), {});
  stay_in(node);
  const auto start = Clock::now();
  EXPECT_FALSE(remove(hierarchy_, path("job_1")));
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(10));
  EXPECT_FALSE(directories(path("job_1/step_0")).empty());
  kill_all(hierarchy_, path("job_1"));
  EXPECT_TRUE(remove(hierarchy_, path("job_1")));
  EXPECT_TRUE(directories(path("job_1")).empty());
}

TEST_F(Reap, RemoveIfIdleLeavesWhereSomebodyIs) {
  const Node step = Node::create(hierarchy_, path("job_1/step_0"), {});
  const Node idle = Node::create(hierarchy_, path("job_1/step_1"), {});
  const pid_t inside = stay_in(step);
  EXPECT_FALSE(remove_if_idle(hierarchy_, path("job_1")));
  EXPECT_EQ(processes(hierarchy_, path("job_1")), std::vector<pid_t>{inside}) << "alive";
  kill_all(hierarchy_, path("job_1"));
  EXPECT_TRUE(remove(hierarchy_, path("job_1")));
  (void)Node::create(hierarchy_, path("job_2/step_0"), {});
  EXPECT_TRUE(remove_if_idle(hierarchy_, path("job_2")));
  EXPECT_FALSE(join_of(hierarchy_, path("job_2")));
  EXPECT_TRUE(remove_if_idle(hierarchy_, path("job_2"))) << "what is not there is gone";
}

TEST_F(Reap, PruneTakesOnlyWhatNothingUses) {
  const Node node = Node::create(hierarchy_, path("job_1/step_0"), {});
  prune(hierarchy_, path("job_1"));
  EXPECT_FALSE(directories(path("job_1/step_0")).empty()) << "a group is below it";
  const pid_t pid = stay_in(node);
  prune(hierarchy_, node.path());
  EXPECT_EQ(processes(hierarchy_, node.path()), std::vector<pid_t>{pid});
  kill_all(hierarchy_, node.path());
  EXPECT_TRUE(remove(hierarchy_, node.path()));
  prune(hierarchy_, path("job_1"));
  EXPECT_TRUE(directories(path("job_1")).empty());
  EXPECT_NO_THROW(prune(hierarchy_, path("job_1")));
}

TEST_F(Reap, PrunesAboveAsFarAsEachHierarchySays) {
  (void)Node::create(hierarchy_, path("a/b"), {});
  const Tops tops = missing_parents(hierarchy_, path("a/b/c/d/e"));
  ASSERT_FALSE(tops.by_mount.empty());
  (void)Node::create(hierarchy_, path("a/b/c/d"), {});
  prune_above(hierarchy_, path("a/b/c/d/e"), Tops{});
  EXPECT_EQ(directories(path("a/b/c/d")).size(), tops.by_mount.size()) << "no one's to remove";
  const Tops one{"", {{tops.by_mount.begin()->first, path("a/b/c")}}};
  prune_above(hierarchy_, path("a/b/c/d/e"), one);
  EXPECT_EQ(directories(path("a/b/c")).size(), tops.by_mount.size() - 1);
  prune_above(hierarchy_, path("a/b/c/d/e"), tops);
  EXPECT_TRUE(directories(path("a/b/c")).empty());
  EXPECT_EQ(directories(path("a/b")).size(), tops.by_mount.size());
  prune_above(hierarchy_, path("a/b/c"), Tops{path("a"), {}});
  EXPECT_TRUE(directories(path("a")).empty());
}

TEST_F(Reap, RemoveWaitsForTasksThatAreExiting) {
  const Node node = Node::create(hierarchy_, path("job_1"), {});
  const pid_t pid = stay_in(node, [] { ::usleep(200000), ::_exit(0); });
  EXPECT_TRUE(remove(hierarchy_, path("job_1")));
  EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
}

}  // namespace
}  // namespace berth::runtime::cgroup
