// The cgroups and the limits of a child: when it has them, and what becomes of a failure.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "runtime/cgroup/hierarchy.h"
#include "runtime/container/spawn.h"
#include "tests/runtime/container/bundle.h"

namespace berth::runtime {
namespace {

using spec::NamespaceType;
using test::launch;
using test::Outcome;
using test::with_pid_namespace;
using ::testing::HasSubstr;

using SpawnInCgroups = test::ContainerTest;

// A group of this test's alone, gone with it.
class Group {
 public:
  static std::string any_name() { return "berth-spawn-" + std::to_string(::getpid()); }
  explicit Group(const std::string& mount, const std::string& name = any_name())
      : path_(mount + "/" + name) {
    check(::mkdir(path_.c_str(), 0755), "mkdir", path_);
  }
  ~Group() { ::rmdir(path_.c_str()); }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  const std::string& path() const { return path_; }
  std::string name() const { return std::filesystem::path(path_).filename(); }

 private:
  std::string path_;
};

TEST_F(SpawnInCgroups, StartsInItsCgroups) {
  const cgroup::Hierarchy host = cgroup::detect();
  if (host.v2.empty() || host.v1_of("pids") == nullptr)
    GTEST_SKIP() << "no hybrid cgroups: " << errno_text(ENOENT);
  const Group v2(host.v2), v1(host.v1_of("pids")->path);
  Entry entry = bundle_.entry({"cat", "/proc/self/cgroup"});
  const Outcome outcome = launch(0, [&] {
    CgroupJoin cgroup;
    cgroup.v2_dir = open_dir(AT_FDCWD, v2.path());
    cgroup.v2_procs = open_file(AT_FDCWD, v2.path() + "/cgroup.procs", O_WRONLY);
    cgroup.v1_tasks.push_back(open_file(AT_FDCWD, v1.path() + "/tasks", O_WRONLY));
    ::_exit(forward_and_wait(spawn(std::move(entry), std::move(cgroup))));
  });
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("0::/" + v2.name() + "\n"));
  EXPECT_THAT(outcome.out, HasSubstr("pids:/" + v1.name() + "\n"));
}

TEST_F(SpawnInCgroups, IsConfinedOnceItsNamespacesAreMade) {
  const cgroup::Hierarchy host = cgroup::detect();
  if (host.v1_of("pids") == nullptr) GTEST_SKIP() << "no v1 pids: " << errno_text(ENOENT);
  const Group group(host.v1_of("pids")->path);
  const std::string limit = bundle_.path() + "/limit";
  Entry entry = with_pid_namespace(bundle_.entry({"cat", "/proc/self/cgroup"}));
  const Outcome outcome = launch(0, [&] {
    ParentSteps steps;
    pid_t child = -1;
    steps.place = [&](pid_t pid) { child = pid; };
    steps.confine = [&] {
      const std::string before = read_file(AT_FDCWD, "/proc/" + std::to_string(child) + "/cgroup");
      if (before.find(group.name()) != std::string::npos) ::_exit(97);
      Confinement made;
      made.v1_tasks.push_back(open_file(AT_FDCWD, group.path() + "/tasks", O_WRONLY));
      for (const char* const value : {"12", "max"}) {
        const std::string file = limit + value;
        made.limits.limits.push_back(
            {open_file(AT_FDCWD, file, O_WRONLY | O_CREAT, 0600), value, file});
      }
      return made;
    };
    steps.network = [&](pid_t pid) {
      const std::string now = read_file(AT_FDCWD, "/proc/" + std::to_string(pid) + "/cgroup");
      if (now.find("pids:/" + group.name() + "\n") == std::string::npos) ::_exit(96);
      if (!read_file(AT_FDCWD, limit + "12").empty()) ::_exit(95);
    };
    ::_exit(forward_and_wait(spawn(std::move(entry), {}, steps)));
  });
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("pids:/" + group.name() + "\n"));
  EXPECT_EQ(read_file(AT_FDCWD, limit + "12"), "12");
  EXPECT_EQ(read_file(AT_FDCWD, limit + "max"), "max");
}

// Which it joins when its tree is made, and which may be late.
TEST_F(SpawnInCgroups, SeesItsOwnGroups) {
  const cgroup::Hierarchy host = cgroup::detect();
  if (host.v1_of("pids") == nullptr) GTEST_SKIP() << "no v1 pids: " << errno_text(ENOENT);
  const std::string mount = host.v1_of("pids")->path, name = Group::any_name();
  const std::string inside = "/sys/fs/cgroup/" + std::filesystem::path(mount).filename().string();
  const auto entry = [&] {
    Entry made = bundle_.shell("cat /proc/self/cgroup; read first < " + inside +
                               "/tasks; test $first = $$ && echo sees itself");
    made.spec.mounts.push_back({"/sys", "sysfs", "sysfs", {}});
    made.spec.mounts.push_back({"/sys/fs/cgroup", "cgroup", "cgroup", {}});
    made.own_cgroup = true;
    made.own_groups = {host, {mount}, name};
    return made;
  };
  for (const bool network : {false, true}) {  // another word of the parent's in between
    const Outcome outcome = launch(0, [&] {
      ParentSteps steps;
      std::optional<Group> group;
      steps.confine = [&] {
        ::usleep(50'000);
        group.emplace(mount, name);
        Confinement made;
        made.v1_tasks.push_back(open_file(AT_FDCWD, group->path() + "/tasks", O_WRONLY));
        return made;
      };
      if (network) steps.network = [](pid_t) {};
      const int status = forward_and_wait(spawn(entry(), {}, steps));
      group.reset();
      ::_exit(status);
    });
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("pids:/" + name + "\n"));
    EXPECT_THAT(outcome.out, HasSubstr("sees itself"));
  }
}

// As one whose limit is tight joins it, with a cgroup namespace that begins there all the same.
TEST_F(SpawnInCgroups, JoinsV2WhenItsTreeIsMade) {
  const std::string mount = cgroup::detect().v2;
  if (mount.empty()) GTEST_SKIP() << "no cgroup v2: " << errno_text(ENOENT);
  const Group group(mount);
  Entry entry = with_pid_namespace(bundle_.shell(
      "cat /proc/self/cgroup; read first < /sys/fs/cgroup/cgroup.procs; test $first = $$ && echo "
      "sees itself; echo 0 > /sys/fs/cgroup/cgroup.procs && echo may write"));
  entry.spec.linux_.namespaces.push_back({NamespaceType::cgroup, ""});
  entry.spec.mounts.push_back({"/sys", "sysfs", "sysfs", {}});
  entry.spec.mounts.push_back({"/sys/fs/cgroup", "cgroup", "cgroup", {}});
  entry.own_cgroup = true;
  cgroup::Hierarchy v2;
  v2.v2 = mount;
  entry.own_groups = {v2, {mount}, group.name(), true};
  const Outcome outcome = launch(0, [&] {
    ParentSteps steps;
    pid_t child = -1;
    steps.place = [&](pid_t pid) { child = pid; };
    steps.confine = [&] {
      const std::string before = read_file(AT_FDCWD, "/proc/" + std::to_string(child) + "/cgroup");
      if (before.find(group.name()) != std::string::npos) ::_exit(97);
      Confinement made;
      made.v2_procs = open_file(AT_FDCWD, group.path() + "/cgroup.procs", O_WRONLY);
      return made;
    };
    ::_exit(forward_and_wait(spawn(std::move(entry), {}, steps)));
  });
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("0::/\n"));
  EXPECT_THAT(outcome.out, HasSubstr("sees itself\nmay write\n"));
}

// Not others' in its place.
TEST_F(SpawnInCgroups, SeesNoGroupsWhereItsOwnAreGone) {
  const cgroup::Hierarchy host = cgroup::detect();
  if (host.v1_of("pids") == nullptr) GTEST_SKIP() << "no v1 pids: " << errno_text(ENOENT);
  Entry entry = bundle_.shell("echo ran");
  entry.spec.mounts.push_back({"/sys", "sysfs", "sysfs", {}});
  entry.spec.mounts.push_back({"/sys/fs/cgroup", "cgroup", "cgroup", {}});
  entry.own_cgroup = true;
  entry.own_groups = {host, {host.v1_of("pids")->path}, "no-such-group"};
  const Outcome outcome = launch(0, [&] {
    ParentSteps steps;
    steps.confine = [] { return Confinement{}; };
    ::_exit(forward_and_wait(spawn(std::move(entry), {}, steps)));
  });
  EXPECT_EQ(outcome.status, 125);
  EXPECT_THAT(outcome.err, HasSubstr("mount '/sys/fs/cgroup': "));
  EXPECT_THAT(outcome.err, HasSubstr("no-such-group"));
  EXPECT_EQ(outcome.out, "");
}

TEST_F(SpawnInCgroups, WhatConfiningItThrowsIsToldAsItIs) {
  const Outcome outcome = launch(0, [&] {
    ParentSteps steps;
    steps.confine = []() -> Confinement { throw Error("no room"); };
    try {
      (void)spawn(with_pid_namespace(bundle_.shell("echo ran")), {}, steps);
    } catch (const Error& e) {
      if (::waitpid(-1, nullptr, WNOHANG | __WALL) >= 0) ::_exit(98);
      (void)!::write(2, e.what(), std::strlen(e.what()));
      ::_exit(3);
    }
  });
  EXPECT_EQ(outcome.status, 3);
  EXPECT_EQ(outcome.err, "no room");
  EXPECT_EQ(outcome.out, "");
}

TEST_F(SpawnInCgroups, WhatFailsWhileItIsConfinedIsTold) {
  Entry entry = bundle_.shell("echo ran");
  entry.spec.hostname = std::string(65, 'x');
  const Outcome outcome = launch(0, [&] {
    ParentSteps steps;
    steps.confine = [] {
      siginfo_t info{};
      check(::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | __WALL), "waitid");
      return Confinement{};
    };
    (void)spawn(std::move(entry), {}, steps);
  });
  EXPECT_EQ(outcome.status, 125);
  EXPECT_THAT(outcome.err, HasSubstr("start container 't1': set hostname"));
}

#ifdef __SANITIZE_ADDRESS__
constexpr const char* kTightMemory = "268435456";  // its shadow is the child's too
#else
constexpr const char* kTightMemory = "1048576";
#endif

// One process: the set-up itself takes more, only a limit that comes last lets the program start.
TEST_F(SpawnInCgroups, StartsUnderLimitsThatItsSetUpWouldBreak) {
  const cgroup::Hierarchy host = cgroup::detect();
  if (host.v1_of("memory") == nullptr || host.v1_of("pids") == nullptr) {
    GTEST_SKIP() << "no v1 memory and pids: " << errno_text(ENOENT);
  }
  const Group memory(host.v1_of("memory")->path), pids(host.v1_of("pids")->path);
  Entry entry = with_pid_namespace(bundle_.entry({"true"}));
  entry.spec.linux_.namespaces.push_back({NamespaceType::user, ""});  // forks on its way
  entry.spec.linux_.uid_mappings = entry.spec.linux_.gid_mappings = {{0, 0, 65536}};
  const auto limit = [&](const std::string& file, const std::string& value) {
    entry.limits.limits.push_back({open_file(AT_FDCWD, file, O_WRONLY), value, file});
  };
  limit(memory.path() + "/memory.limit_in_bytes", kTightMemory);
  limit(pids.path() + "/pids.max", "1");
  const Outcome outcome = launch(0, [&] {
    CgroupJoin cgroup;
    for (const Group* group : {&memory, &pids}) {
      cgroup.v1_tasks.push_back(open_file(AT_FDCWD, group->path() + "/tasks", O_WRONLY));
    }
    ::_exit(forward_and_wait(spawn(std::move(entry), std::move(cgroup))));
  });
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(read_file(AT_FDCWD, memory.path() + "/memory.limit_in_bytes"),
            std::string(kTightMemory) + "\n");
  EXPECT_EQ(read_file(AT_FDCWD, pids.path() + "/pids.max"), "1\n");
}

}  // namespace
}  // namespace berth::runtime
