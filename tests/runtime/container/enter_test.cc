#include "runtime/container/enter.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "runtime/process/step_namespace.h"
#include "tests/runtime/container/bundle.h"

namespace berth::runtime {
namespace {

using spec::NamespaceType;
using test::kNobody;
using test::launch;
using test::Outcome;
using ::testing::HasSubstr;

class EnterTest : public test::ContainerTestAs {
 protected:
  Outcome run(Entry entry) {
    return launch(GetParam(), [&] { enter(std::move(entry)); });
  }
  Outcome run(const std::string& script) { return run(bundle_.shell(script)); }
};

class EnterAsRootTest : public test::ContainerTest {};

INSTANTIATE_TEST_SUITE_P(As, EnterTest, test::kRootAndUser, test::name_of_user);

TEST_P(EnterTest, RunsTheProgramInItsTree) {
  const Outcome outcome = run("echo hello; ls /");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "hello\nbin\ndev\netc\nproc\nsys\ntmp\nwork\n");
}

TEST_P(EnterTest, KeepsItsPid) {
  const Outcome outcome = launch(GetParam(), [&] {
    Entry entry = bundle_.shell("test $$ = $BEFORE && echo same");
    entry.spec.process->env.push_back("BEFORE=" + std::to_string(::getpid()));
    enter(std::move(entry));
  });
  EXPECT_EQ(outcome.out, "same\n") << outcome.err;
}

TEST_P(EnterTest, GivesTheProgramsExitStatus) {
  EXPECT_EQ(run("exit 3").status, 3);
  EXPECT_EQ(run("kill -9 $$").status, 128 + SIGKILL);
}

TEST_P(EnterTest, TellsFailuresApart) {
  test::expect_failures_told_apart(bundle_, [&](Entry entry) { return run(std::move(entry)); });
}

TEST_P(EnterTest, EnvironmentIsTheSpecsAlone) {
  Entry entry = bundle_.entry({"env"});
  entry.spec.process->env = {"PATH=/bin", "ANSWER=42"};
  EXPECT_EQ(run(std::move(entry)).out, "PATH=/bin\nANSWER=42\nHOME=/\n");
}

TEST_P(EnterTest, WorkingDirectoryFallsBack) {
  Entry entry = bundle_.entry({"pwd"});
  entry.spec.process->cwd = "/work";
  EXPECT_EQ(run(std::move(entry)).out, "/work\n");
  entry = bundle_.entry({"pwd"});
  entry.preferred_cwd = "/home/somebody";
  entry.spec.process->cwd = "/work";
  EXPECT_EQ(run(std::move(entry)).out, "/work\n");
  entry = bundle_.entry({"pwd"});
  entry.preferred_cwd = "/tmp";
  entry.require_preferred_cwd = true;
  EXPECT_EQ(run(std::move(entry)).out, "/tmp\n");
  entry = bundle_.entry({"pwd"});
  entry.preferred_cwd = "/home/somebody";
  entry.require_preferred_cwd = true;
  const Outcome outcome = run(std::move(entry));
  EXPECT_EQ(outcome.status, 125);
  EXPECT_THAT(outcome.err, HasSubstr("chdir to working directory '/home/somebody'"));
}

// Root may start a program where its user could not go.
TEST_F(EnterAsRootTest, WorkingDirectoryNeedNotBeOneThatTheUserMayEnter) {
  const std::string closed = bundle_.rootfs() + "/work/closed";
  ASSERT_TRUE(std::filesystem::create_directory(closed));
  std::filesystem::permissions(closed, std::filesystem::perms(0700));
  const Outcome outcome = launch(0, [&] {
    Entry entry = bundle_.shell("id -u; pwd");
    entry.spec.process->cwd = "/work/closed";
    entry.spec.process->user.uid = entry.spec.process->user.gid = kNobody;
    enter(std::move(entry));
  });
  EXPECT_EQ(outcome.out, std::to_string(kNobody) + "\n/work/closed\n") << outcome.err;
}

TEST_P(EnterTest, WorkingDirectoryByADescriptorOfTheHostIsRefused) {
  const Outcome outcome = launch(GetParam(), [&] {
    const UniqueFd leaked(::open("/", O_RDONLY));  // inheritable, as a careless parent's is
    Entry entry = bundle_.entry({"pwd"});
    entry.spec.process->cwd = "/proc/self/fd/" + std::to_string(leaked.get());
    enter(std::move(entry));
  });
  EXPECT_EQ(outcome.status, 125);
  EXPECT_EQ(outcome.out, "");
}

TEST_P(EnterTest, NoNewPrivilegesAndNoCapabilities) {
  Entry entry = bundle_.shell("grep -E 'Cap(Prm|Eff|Bnd)|NoNewPrivs' /proc/self/status");
  entry.spec.process->no_new_privileges = true;
  EXPECT_EQ(run(std::move(entry)).out,
            "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
            "NoNewPrivs:\t1\n");
}

TEST_P(EnterTest, CapabilitiesAreTheSpecs) {
  Entry entry = bundle_.shell("grep Cap /proc/self/status");
  const std::vector<std::string> two{"CAP_KILL", "CAP_NET_BIND_SERVICE"};
  entry.spec.process->capabilities = spec::Capabilities{two, two, {}, two, {}};
  EXPECT_EQ(run(std::move(entry)).out,
            "CapInh:\t0000000000000000\nCapPrm:\t0000000000000420\nCapEff:\t0000000000000420\n"
            "CapBnd:\t0000000000000420\nCapAmb:\t0000000000000000\n");
}

TEST_P(EnterTest, SeccompIsInForceWithAndWithoutNoNewPrivileges) {
  for (const bool no_new_privileges : {true, false}) {
    Entry entry =
        bundle_.shell("probe mkdir /tmp/x; grep -E 'CapEff|NoNewPrivs' /proc/self/status");
    entry.spec.process->no_new_privileges = no_new_privileges;
    entry.spec.linux_.seccomp.emplace();
    entry.spec.linux_.seccomp->default_action = "SCMP_ACT_ALLOW";
    entry.spec.linux_.seccomp->syscalls = {{{"mkdir", "mkdirat"}, "SCMP_ACT_ERRNO", {}, {}}};
    const Outcome outcome = run(std::move(entry));
    EXPECT_EQ(outcome.out, "Operation not permitted\nCapEff:\t0000000000000000\nNoNewPrivs:\t" +
                               std::to_string(no_new_privileges) + "\n")
        << outcome.err;
  }
}

TEST_P(EnterTest, ResourceLimitsAreTheSpecs) {
  Entry entry = bundle_.shell("ulimit -S -n; ulimit -H -n");
  entry.spec.process->rlimits = {{RLIMIT_NOFILE, "RLIMIT_NOFILE", 10, 20}};
  EXPECT_EQ(run(std::move(entry)).out, "10\n20\n");
}

TEST_P(EnterTest, HostnameIsItsOwn) {
  Entry entry = bundle_.entry({"hostname"});
  entry.spec.hostname = "berth-9";
  EXPECT_EQ(run(std::move(entry)).out, "berth-9\n");
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  EXPECT_STRNE(host, "berth-9");
}

TEST_P(EnterTest, UmaskIsTheSpecs) {
  EXPECT_EQ(run("umask").out, "0022\n");
  Entry entry = bundle_.shell("umask");
  entry.spec.process->user.umask = 027;
  EXPECT_EQ(run(std::move(entry)).out, "0027\n");
}

TEST_P(EnterTest, KeepsNamedDescriptorsWithTheirNumbersAndNoOthers) {
  const std::string kept = bundle_.path() + "/config.json";
  const Outcome outcome = launch(0, [&] {
    ::dup2(::open(kept.c_str(), O_RDWR | O_CREAT, 0666), 11);
    ::dup2(11, 13);
    ::dup2(::open("/", O_RDONLY), 200);
    test::become(GetParam());
    Entry entry = bundle_.entry({"probe", "descriptors"});
    entry.fds = FdPolicy{{11, 13}};
    enter(std::move(entry));
  });
  std::vector<std::string> numbers;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) {
    numbers.push_back(line.substr(0, line.find(' ')));
  }
  EXPECT_THAT(numbers, ::testing::ElementsAre("0", "1", "2", "11", "13")) << outcome.err;
}

TEST_P(EnterTest, LateLimitsAreWrittenWhenTheSetUpIsDone) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Entry entry = bundle_.entry({"probe", "descriptors"});
  entry.limits.limits.push_back({duplicate(ends[1]), "4096", "memory.max"});
  entry.limits.limits.push_back({duplicate(ends[1]), "max", "pids.max"});
  const Outcome outcome = run(std::move(entry));
  ::close(ends[1]);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, ::testing::Not(HasSubstr("\n3 ")));
  EXPECT_EQ(read_fd(ends[0], "pipe"), "4096max");
  ::close(ends[0]);
}

TEST_P(EnterTest, ALimitThatCannotBeSetStopsTheStart) {
  Entry entry = bundle_.shell("echo ran");
  entry.limits.limits.push_back({open_file(AT_FDCWD, "/dev/full", O_WRONLY), "1", "memory.max"});
  const Outcome outcome = run(std::move(entry));
  EXPECT_EQ(outcome.status, 125);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("memory.max"));
}

TEST_P(EnterTest, RefusesAPidNamespaceInPlace) {
  Entry entry = bundle_.shell("true");
  entry.spec.linux_.namespaces.push_back({NamespaceType::pid, ""});
  const Outcome outcome = run(std::move(entry));
  EXPECT_EQ(outcome.status, 125);
  EXPECT_THAT(outcome.err, HasSubstr("PID namespace"));
}

TEST_P(EnterTest, ShowsBindsOfTheHost) {
  std::filesystem::create_directory(bundle_.path() + "/data");
  std::ofstream(bundle_.path() + "/data/file") << "cargo\n";
  Entry entry = bundle_.shell("cat /work/file; probe mkdir /work/x");
  entry.binds = {{bundle_.path() + "/data", "/work", true, false},
                 {"/no/such/place", "/work", true, true}};
  EXPECT_EQ(run(std::move(entry)).out, "cargo\nRead-only file system\n");
}

TEST_P(EnterTest, NetworkNamespaceHasItsLoopback) {
  Entry entry =
      bundle_.shell("cat /proc/self/net/route /proc/self/net/fib_trie | grep -c 127.0.0.1");
  entry.spec.linux_.namespaces.push_back({NamespaceType::network, ""});
  entry.spec.linux_.sysctl = {{"net.ipv4.ip_unprivileged_port_start", "80"}};
  const Outcome outcome = run(std::move(entry));
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
}

using EnterAsRoot = test::ContainerTest;
using EnterAsUser = test::ContainerTest;

TEST_F(EnterAsRoot, BecomesTheSpecsUser) {
  Entry entry = bundle_.shell("id -u; id -g; grep Groups /proc/self/status");
  entry.spec.process->user = {1000, 100, {}, {7, 8}};
  EXPECT_EQ(launch(0, [&] { enter(std::move(entry)); }).out, "1000\n100\nGroups:\t7 8 \n");
}

TEST_F(EnterAsRoot, KeepsTheGroupsWhereTheAnnotationSaysSo) {
  Entry entry = bundle_.shell("grep Groups /proc/self/status");
  entry.spec.process->user = {1000, 100, {}, {7, 8}};
  entry.spec.annotations = {{"run.oci.keep_original_groups", "1"}};
  EXPECT_EQ(launch(0,
                   [&] {
                     const gid_t group = 1234;
                     ::setgroups(1, &group);
                     enter(std::move(entry));
                   })
                .out,
            "Groups:\t1234 \n");
}

TEST_F(EnterAsRoot, MapsRangesOfIds) {
  std::filesystem::permissions(bundle_.path(), std::filesystem::perms(0755));
  Entry entry = bundle_.shell("id -u; cat /proc/self/uid_map; grep Groups /proc/self/status");
  entry.spec.linux_.namespaces.push_back({NamespaceType::user, ""});
  entry.spec.linux_.uid_mappings = {{0, 100000, 65536}};
  entry.spec.linux_.gid_mappings = {{0, 100000, 65536}};
  entry.spec.process->user = {33, 33, {}, {5}};
  const Outcome outcome = launch(0, [&] { enter(std::move(entry)); });
  EXPECT_EQ(outcome.out, "33\n         0     100000      65536\nGroups:\t5 \n") << outcome.err;
}

TEST_F(EnterAsRoot, JoinsANamespaceByPath) {
  Entry entry = bundle_.entry({"hostname"});
  const Outcome outcome = launch(0, [&] {
    const UniqueFd host = open_file(AT_FDCWD, "/proc/self/ns/uts", O_RDONLY);
    check(::unshare(CLONE_NEWUTS), "unshare");
    check(::sethostname("joined", 6), "sethostname");
    const UniqueFd own = open_file(AT_FDCWD, "/proc/self/ns/uts", O_RDONLY);
    check(::setns(host.get(), CLONE_NEWUTS), "setns");
    entry.spec.linux_.namespaces = {
        {NamespaceType::uts, "/proc/self/fd/" + std::to_string(own.get())}};
    enter(std::move(entry));
  });
  EXPECT_EQ(outcome.out, "joined\n") << outcome.err;
}

TEST_F(EnterAsUser, IsRootOrItselfInside) {
  EXPECT_EQ(launch(kNobody, [&] { enter(bundle_.shell("id -u; id -g")); }).out, "0\n0\n");
  Entry entry = bundle_.shell("id -u; id -g");
  entry.spec.process->user = {kNobody, kNobody, {}, {1}};
  EXPECT_EQ(launch(kNobody, [&] { enter(std::move(entry)); }).out, "65534\n65534\n");
  entry = bundle_.shell("id -u");
  entry.spec.process->user = {33, 0, {}, {}};
  const Outcome outcome = launch(kNobody, [&] { enter(std::move(entry)); });
  EXPECT_EQ(outcome.status, 125);
  EXPECT_THAT(outcome.err, HasSubstr("process.user.uid 33 is neither 0 nor yours (65534)"));
}

// One user namespace for each step: what MPI's copies between the ranks of a node need.
TEST_F(EnterAsUser, TasksOfOneStepReadEachOthersMemory) {
  const Outcome outcome = launch(kNobody, [&] {
    // The second task holds the other end of the first one's input, which ends with it.
    int input[2], output[2];
    check(::pipe2(input, O_CLOEXEC), "pipe");
    check(::pipe2(output, O_CLOEXEC), "pipe");
    const UniqueFd step = make_user_namespace(0, 0);
    const auto task = [&](std::vector<std::string> args, std::vector<int> keep) {
      Entry entry = bundle_.entry(std::move(args));
      entry.fds.keep = std::move(keep);
      entry.user_namespace = duplicate(step.get());
      enter(std::move(entry));
    };
    if (::fork() == 0) {
      ::dup2(input[0], 0);
      ::dup2(output[1], 1);
      task({"probe", "hold"}, {});
    }
    char line[64] = {};
    check(::read(output[0], line, sizeof line - 1), "read");
    std::istringstream words(line);
    std::string pid, address;
    words >> pid >> address;
    task({"probe", "peek", pid, address}, {input[1]});
  });
  EXPECT_EQ(outcome.out, "shared\n") << outcome.err;
}

TEST_F(EnterAsUser, ASharedNamespaceMustMapTheUser) {
  const Outcome outcome = launch(kNobody, [&] {
    Entry entry = bundle_.shell("true");
    entry.user_namespace = make_user_namespace(kNobody, kNobody);
    enter(std::move(entry));
  });
  EXPECT_EQ(outcome.status, 125);
  EXPECT_EQ(outcome.err,
            "start container 't1': process.user.uid 0 is not mapped in the user namespace, which "
            "has 65534");
}

// A directory of the group alone, as on a project's file system.
TEST_F(EnterAsUser, KeepsTheJobsGroups) {
  constexpr gid_t kProject = 1234;
  const std::string data = bundle_.path() + "/data";
  std::filesystem::create_directory(data);
  std::ofstream(data + "/file") << "cargo\n";
  ASSERT_EQ(::chown(data.c_str(), 0, kProject), 0);
  ASSERT_EQ(::chmod(data.c_str(), 0750), 0);
  const Outcome outcome = launch(0, [&] {
    test::become(kNobody, {kProject});
    Entry entry = bundle_.shell("cat /work/file; id -u");
    entry.binds = {{data, "/work", false, false}};
    enter(std::move(entry));
  });
  EXPECT_EQ(outcome.out, "cargo\n0\n") << outcome.err;
}

}  // namespace
}  // namespace berth::runtime
