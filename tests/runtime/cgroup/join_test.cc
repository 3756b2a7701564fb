#include "runtime/cgroup/join.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "scratch.h"

namespace berth::runtime::cgroup {
namespace {

using JoinTest = Scratch;

std::vector<int> cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  check(::sched_getaffinity(0, sizeof set, &set), "sched_getaffinity");
  std::vector<int> list;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) list.push_back(cpu);
  }
  return list;
}

void run_on(const std::vector<int>& list) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : list) CPU_SET(cpu, &set);
  check(::sched_setaffinity(0, sizeof set, &set), "sched_setaffinity");
}

class Affinity : public Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    if (!IsSkipped() && cpus().size() < 2) GTEST_SKIP() << "one CPU only: " << errno_text(EINVAL);
  }

  // The affinity of a process that had `before` and joined a group with `allowed` (empty: all).
  std::vector<int> after_joining(const std::vector<int>& before, const std::string& allowed) const {
    Limits limits;
    if (!allowed.empty()) limits.cpus = allowed;
    const Node node = Node::create(hierarchy_, path("job_1"), limits);
    int fds[2];
    check(::pipe(fds), "pipe");
    const UniqueFd out(fds[0]);
    UniqueFd in(fds[1]);
    const pid_t pid = check(::fork(), "fork");
    if (pid == 0) {
      run_on(before);
      join_self(node.join());
      const std::vector<int> now = cpus();
      const size_t bytes = now.size() * sizeof(int);
      ::_exit(::write(in.get(), now.data(), bytes) == static_cast<ssize_t>(bytes) ? 0 : 1);
    }
    in.reset();
    std::vector<int> now(1024);
    const ssize_t n = ::read(out.get(), now.data(), now.size() * sizeof(int));
    now.resize(n < 0 ? 0 : static_cast<size_t>(n) / sizeof(int));
    int status = 0;
    check(::waitpid(pid, &status, 0), "waitpid");
    return now;
  }
};

TEST_F(Affinity, StaysWhereTheGroupAllowsIt) {
  const std::vector<int> second = {cpus()[1]};
  EXPECT_EQ(after_joining(second, ""), second);
}

TEST_F(Affinity, IsCutToWhatTheGroupAllows) {
  const std::vector<int> two = {cpus()[0], cpus()[1]};
  EXPECT_EQ(after_joining(two, std::to_string(two[1])), std::vector<int>{two[1]});
}

TEST_F(Affinity, IsTheGroupsWhereNothingIsCommon) {
  const std::vector<int> all = cpus();
  EXPECT_EQ(after_joining({all[0]}, std::to_string(all[1])), std::vector<int>{all[1]});
}

TEST_F(Affinity, CanHaveACpuThatTheTopGroupLostForAWhile) {
  const std::vector<int> all = cpus();
  // What a v1 cpuset is left with after its other CPUs went offline and came back.
  if (hierarchy_.v1_of("cpuset") != nullptr) {
    write_file(AT_FDCWD, file_of("cpuset", top_, "cpuset.cpus"), std::to_string(all[0]));
  }
  EXPECT_EQ(after_joining(all, std::to_string(all[1])), std::vector<int>{all[1]});
}

TEST_F(JoinTest, MovesTheProcessInEveryHierarchy) {
  const Node node = Node::create(hierarchy_, path("job_1"), {});
  const pid_t pid = stay_in(node);
  EXPECT_EQ(processes(hierarchy_, path("job_1")), std::vector<pid_t>{pid});
  for (const std::string& directory : directories(path("job_1"))) {
    Hierarchy one;
    if (directory.starts_with(hierarchy_.v2 + "/")) {
      one.v2 = hierarchy_.v2;
      one.v2_controllers = hierarchy_.v2_controllers;
    }
    for (const V1Mount& mount : hierarchy_.v1) {
      if (directory.starts_with(mount.path + "/")) one.v1 = {mount};
    }
    EXPECT_EQ(processes(one, path("job_1")), std::vector<pid_t>{pid}) << directory;
  }
}

TEST_F(JoinTest, WorksForAProcessWithoutRightsThatGotTheDescriptors) {
  const Node node = Node::create(hierarchy_, path("job_1"), {});
  const CgroupJoin join = node.join();
  EXPECT_FALSE(join.empty());
  const pid_t pid = check(::fork(), "fork");
  if (pid == 0) {
    if (::setresgid(65534, 65534, 65534) < 0 || ::setresuid(65534, 65534, 65534) < 0) ::_exit(1);
    try {
      join_self(join);
    } catch (const Error& e) {
      ::_exit(2);
    }
    const auto now = processes(hierarchy_, path("job_1"));
    ::_exit(now == std::vector<pid_t>{::getpid()} ? 0 : 3);
  }
  int status = 0;
  check(::waitpid(pid, &status, 0), "waitpid");
  EXPECT_EQ(status, 0);
}

TEST(CgroupJoin, NothingToJoinIsNoMove) {
  EXPECT_TRUE(CgroupJoin{}.empty());
  EXPECT_NO_THROW(join_self({}));
}

}  // namespace
}  // namespace berth::runtime::cgroup
