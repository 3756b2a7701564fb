#include "runtime/cgroup/node.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/file.h"
#include "scratch.h"
#include "tests/support/message_of.h"

namespace berth::runtime::cgroup {
namespace {

using test::message_of;

using NodeTest = Scratch;
constexpr int64_t kMiB = int64_t{1} << 20;

// How many children this process can have at once, up to `most`; they end with it.
int forks_possible(int most) {
  for (int count = 0; count < most; ++count) {
    const pid_t pid = ::fork();
    if (pid < 0) return errno == EAGAIN ? count : -1;
    if (pid == 0) {
      ::alarm(20);
      for (;;) ::pause();
    }
  }
  return most;
}

TEST_F(NodeTest, IsMadeWithItsParentsAndRemovedWithItsChildren) {
  const Node node = Node::create(hierarchy_, path("job_1/step_0/task_3"), {});
  EXPECT_EQ(node.path(), path("job_1/step_0/task_3"));
  EXPECT_FALSE(directories(path("job_1/step_0/task_3")).empty());
  EXPECT_TRUE(remove(hierarchy_, path("job_1")));
  EXPECT_TRUE(directories(path("job_1")).empty());
  EXPECT_FALSE(directories(top_).empty()) << "what is above stays";
}

TEST_F(NodeTest, IsBelowTheMountsOfItsHierarchies) {
  (void)Node::create(hierarchy_, path("job_1"), {});
  std::vector<std::string> groups;
  for (const std::string& mount : mounts_of_groups(hierarchy_)) {
    groups.push_back(mount + "/" + path("job_1"));
  }
  EXPECT_THAT(groups, ::testing::UnorderedElementsAreArray(directories(path("job_1"))));
}

TEST_F(NodeTest, MayBeThereAlready) {
  Node::create(hierarchy_, path("job_1"), memory_of(64 * kMiB));
  Node::create(hierarchy_, path("job_1"), memory_of(96 * kMiB));
  const Node node = Node::create(hierarchy_, path("job_1"), memory_of(48 * kMiB));
  EXPECT_EQ(run_in(node, [] { return touch_memory(100 * kMiB) ? 1 : 0; }), SIGKILL);
}

TEST_F(NodeTest, SaysWhereItWasThereAlready) {
  int met = 0;
  Node::create(hierarchy_, path("job_1"), {}, [&] { ++met; });
  EXPECT_EQ(met, 0);
  Node::create(hierarchy_, path("job_1/step_0"), {}, [&] { ++met; });
  EXPECT_EQ(met, 0) << "what is above it does not count";
  Node::create(hierarchy_, path("job_1"), {}, [&] { ++met; });
  EXPECT_EQ(met, 1);
}

TEST_F(NodeTest, OneThatWasThereAndIsNotWantedStaysAsItWas) {
  Node::create(hierarchy_, path("job_1"), {});
  const auto before = directories(path("job_1"));
  EXPECT_THROW(
      Node::create(hierarchy_, path("job_1"), {}, [] { throw Error("somebody is in it"); }), Error);
  EXPECT_EQ(directories(path("job_1")), before);
}

TEST_F(NodeTest, LeavesTheCpusOfAnothersTreeAlone) {
  if (hierarchy_.v1_of("cpuset") == nullptr) GTEST_SKIP() << "no v1 cpuset: " << errno_text(ENODEV);
  const std::string other = "other_" + std::to_string(::getpid());
  Node::create(hierarchy_, other, {});
  write_file(AT_FDCWD, file_of("cpuset", other, "cpuset.cpus"), "0");
  // Nobody fills this one: what is below takes the way from the top.
  const std::string between = file_of("cpuset", other + "/pod", "");
  ASSERT_EQ(::mkdir(between.c_str(), 0755), 0);
  Node::create(hierarchy_, other + "/pod/job", {});
  EXPECT_EQ(read("cpuset", other, "cpuset.cpus"), "0");
  EXPECT_EQ(read("cpuset", other + "/pod/job", "cpuset.cpus"), "0");
  EXPECT_TRUE(remove(hierarchy_, other));
}

TEST_F(NodeTest, JoinOfKnowsWhatIsThere) {
  EXPECT_FALSE(join_of(hierarchy_, path("job_1")));
  const Node node = Node::create(hierarchy_, path("job_1"), {});
  const std::optional<CgroupJoin> join = join_of(hierarchy_, path("job_1"));
  ASSERT_TRUE(join);
  const pid_t pid = check(::fork(), "fork");
  if (pid == 0) {
    join_self(*join);
    ::pause();
  }
  // It joins one after the other.
  for (const std::string& directory : directories(path("job_1"))) {
    const auto all = [&] { return read_file(AT_FDCWD, directory + "/cgroup.procs"); };
    for (int i = 0; i < 500 && all().empty(); ++i) ::usleep(10'000);
    EXPECT_EQ(all(), std::to_string(pid) + "\n") << directory;
  }
  kill_all(hierarchy_, path("job_1"));
  ::waitpid(pid, nullptr, 0);
  EXPECT_EQ(run_in(node, [] { return 7; }), 7 << 8);
  EXPECT_TRUE(remove(hierarchy_, path("job_1")));
  EXPECT_EQ(message_of([&] { (void)node.join(); }),
            "join cgroup '" + path("job_1") + "': no such file or directory");
}

TEST_F(NodeTest, RefusesPathsThatLeaveItsHierarchy) {
  for (const char* bad : {"", "/", "/berth", "berth/", "berth//a", ".", "..", "berth/./a",
                          "berth/../a", "berth/.."}) {
    EXPECT_EQ(message_of([&] { Node::create(hierarchy_, bad, {}); }),
              "refuse cgroup path '" + std::string(bad) + "': a component is empty, '.' or '..'");
    EXPECT_THROW(join_of(hierarchy_, bad), Error) << bad;
    EXPECT_THROW(remove(hierarchy_, bad), Error) << bad;
    EXPECT_THROW(kill_all(hierarchy_, bad), Error) << bad;
  }
  const Node odd = Node::create(hierarchy_, path("..job...1"), {});
  EXPECT_FALSE(directories(odd.path()).empty());
}

TEST_F(NodeTest, LeavesNothingWhereALimitIsRefused) {
  Limits impossible;
  impossible.cpus = "4094-4095";
  EXPECT_NE(message_of([&] { Node::create(hierarchy_, path("job_1/step_0"), impossible); }),
            "no error");
  EXPECT_TRUE(directories(path("job_1")).empty());
}

TEST_F(NodeTest, NamesTheControllerThatIsMissing) {
  const Hierarchy without = without_pids();
  const std::string expected =
      "limit cgroup '" + path("job_1") + "': the controller 'pids' is not available";
  EXPECT_EQ(message_of([&] { Node::create(without, path("job_1"), pids_of(3)); }), expected);
  const Node node = Node::create(without, path("job_1"), {});
  EXPECT_EQ(message_of([&] { (void)node.late(pids_of(3)); }), expected);
  EXPECT_NO_THROW((void)node.late(memory_of(kMiB)));
}

TEST_F(NodeTest, MemoryLimitKillsAndTheKillIsCounted) {
  const Node node = Node::create(hierarchy_, path("job_1"), memory_of(32 * kMiB));
  EXPECT_EQ(node.oom_kills(), 0U);
  EXPECT_EQ(run_in(node, [] { return touch_memory(8 * kMiB) ? 5 : 0; }), 5 << 8);
  EXPECT_EQ(node.oom_kills(), 0U);
  const int status = run_in(node, [] { return touch_memory(200 * kMiB) ? 5 : 0; });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_EQ(node.oom_kills(), 1U);
}

TEST_F(NodeTest, MemoryLimitHoldsForAllBelowAndAllOfItIsCounted) {
  const Node job = Node::create(hierarchy_, path("job_1"), memory_of(32 * kMiB));
  const Node task = Node::create(hierarchy_, path("job_1/step_0/task_3"), {});
  EXPECT_EQ(run_in(task, [] { return touch_memory(200 * kMiB) ? 5 : 0; }), SIGKILL);
  EXPECT_EQ(job.oom_kills(), 1U);
  EXPECT_EQ(task.oom_kills(), 1U);
}

TEST_F(NodeTest, MemoryLimitAllowsNoSwap) {
  Node::create(hierarchy_, path("job_1"), memory_of(32 * kMiB));
  const bool v1 = hierarchy_.v1_of("memory") != nullptr;
  const char* const file = v1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max";
  struct stat st {};
  if (::stat(file_of("memory", path("job_1"), file).c_str(), &st) < 0) {
    GTEST_SKIP() << "no swap accounting: " << errno_text(errno);
  }
  EXPECT_EQ(read("memory", path("job_1"), file), v1 ? std::to_string(32 * kMiB) : "0");
}

TEST_F(NodeTest, NegativeIsUnlimited) {
  Node::create(hierarchy_, path("job_1"), memory_of(32 * kMiB));
  const Node node = Node::create(hierarchy_, path("job_1"), memory_of(-1));
  EXPECT_EQ(run_in(node, [] { return touch_memory(64 * kMiB) ? 5 : 0; }), 5 << 8);
  Node::create(hierarchy_, path("job_1"), pids_of(-1));
  EXPECT_EQ(read("pids", path("job_1"), "pids.max"), "max");
}

TEST_F(NodeTest, PeakMemoryIsWhatWasTouched) {
  const Node node = Node::create(hierarchy_, path("job_1"), {});
  EXPECT_EQ(run_in(node, [] { return touch_memory(24 * kMiB) ? 5 : 0; }), 5 << 8);
  const std::optional<uint64_t> peak = node.peak_memory();
  ASSERT_TRUE(peak);
  EXPECT_GE(*peak, uint64_t{24 * kMiB});
  EXPECT_LT(*peak, uint64_t{200 * kMiB});
}

TEST_F(NodeTest, PidsLimitBites) {
  const Node node = Node::create(hierarchy_, path("job_1"), pids_of(3));
  EXPECT_EQ(run_in(node, [] { return forks_possible(10); }), 2 << 8);
}

TEST_F(NodeTest, LateLimitsAreWrittenByWhoJoined) {
  const Node node = Node::create(hierarchy_, path("job_1"), {});
  Limits limits = memory_of(32 * kMiB);
  limits.pids = 2;
  const auto member = [&](bool early) {
    LateLimits late = node.late(limits);
    const int before = forks_possible(2);
    if (early) std::move(late).apply();
    return before * 10 + forks_possible(2);
  };
  EXPECT_EQ(run_in(node, [&] { return member(false); }), 22 << 8);
  kill_all(hierarchy_, node.path());
  EXPECT_EQ(run_in(node, [&] { return member(true); }), 20 << 8);
  kill_all(hierarchy_, node.path());
  EXPECT_EQ(run_in(node, [] { return touch_memory(200 * kMiB) ? 5 : 0; }), SIGKILL);
}

TEST_F(NodeTest, LateLimitsMayBeTightenedByWhoWritesThem) {
  for (const int64_t opened_with : {int64_t{-1}, 512 * kMiB}) {
    const Node node = Node::create(hierarchy_, path("job_" + std::to_string(opened_with)), {});
    const int status = run_in(node, [&] {
      LateLimits late = node.late(memory_of(opened_with));
      for (LateLimit& limit : late.limits) {
        limit.value = limit.name == "memory.swap.max" ? "0" : std::to_string(32 * kMiB);
      }
      std::move(late).apply();
      return touch_memory(200 * kMiB) ? 5 : 0;
    });
    EXPECT_EQ(status, SIGKILL) << opened_with;
  }
}

// v1 refuses what v2 takes, killing the process that is above it.
TEST_F(NodeTest, ALateLimitBelowWhatIsInUseIsNotInForceUnnoticed) {
  const Node node = Node::create(hierarchy_, path("job_1"), {});
  const auto apply_too_late = [&] {
    std::vector<char> used(48 * kMiB, 1);
    EXPECT_EQ(used.back(), 1);
    const std::string message = message_of([&] { node.late(memory_of(16 * kMiB)).apply(); });
    return message ==
                   "set late limit memory.limit_in_bytes to '16777216': device or resource busy "
                   "(what is in use already is more, and cannot be given back)"
               ? 5
               : 6;
  };
  const int status = run_in(node, apply_too_late);
  EXPECT_EQ(status, hierarchy_.v1_of("memory") != nullptr ? 5 << 8 : SIGKILL);
}

TEST_F(NodeTest, LateLimitsNeedNoRightsOfTheWriter) {
  const Node node = Node::create(hierarchy_, path("job_1"), {});
  const int status = run_in(node, [&] {
    LateLimits late = node.late(pids_of(1));
    check(::setresgid(65534, 65534, 65534), "setresgid");
    check(::setresuid(65534, 65534, 65534), "setresuid");
    std::move(late).apply();
    return forks_possible(1);
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read("pids", path("job_1"), "pids.max"), "1");
}

TEST_F(NodeTest, KnowsTheTopmostParentThatIsMissing) {
  Node::create(hierarchy_, path("a"), {});
  EXPECT_EQ(missing_parents(hierarchy_, path("a")), Tops{});
  EXPECT_EQ(missing_parents(hierarchy_, path("a/b")), Tops{});
  const Tops tops = missing_parents(hierarchy_, path("a/b/c/d"));
  EXPECT_FALSE(tops.by_mount.empty());
  for (const auto& [mount, top] : tops.by_mount) EXPECT_EQ(top, path("a/b")) << mount;
  EXPECT_EQ(missing_groups(hierarchy_, path("a")), Tops{});
  EXPECT_EQ(missing_groups(hierarchy_, path("a/b")), tops) << "itself too";
  EXPECT_EQ(missing_groups(hierarchy_, path("a/b/c/d")), tops);
}

}  // namespace
}  // namespace berth::runtime::cgroup
