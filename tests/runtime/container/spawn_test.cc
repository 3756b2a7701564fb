#include "runtime/container/spawn.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "runtime/process/step_namespace.h"
#include "tests/runtime/container/bundle.h"

namespace berth::runtime {
namespace {

using spec::NamespaceType;
using test::launch;
using test::Outcome;
using test::with_pid_namespace;
using ::testing::HasSubstr;

// Spawns, waits and leaves with its status; says so where a child of ours is left.
[[noreturn]] void run_through(Entry entry, CgroupJoin cgroup = {}) {
  try {
    const Child child = spawn(std::move(entry), std::move(cgroup));
    ::_exit(forward_and_wait(child));
  } catch (const EnterFailure&) {
    if (::waitpid(-1, nullptr, WNOHANG | __WALL) >= 0) ::_exit(98);
    throw;
  }
}

class SpawnTest : public test::ContainerTestAs {
 protected:
  Outcome run(Entry entry) {
    return launch(GetParam(), [&] { run_through(std::move(entry)); });
  }
};

INSTANTIATE_TEST_SUITE_P(As, SpawnTest, test::kRootAndUser, test::name_of_user);

TEST_P(SpawnTest, IsTheFirstProcessOfItsPidNamespace) {
  const Outcome outcome =
      run(with_pid_namespace(bundle_.shell("echo $$; ls /proc | grep -c '^[0-9]'")));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out.substr(0, 2), "1\n");
}

TEST_P(SpawnTest, RunsWithoutAPidNamespaceToo) {
  const Outcome outcome = run(bundle_.shell("test $$ != 1 && echo child"));
  EXPECT_EQ(outcome.out, "child\n") << outcome.err;
}

TEST_P(SpawnTest, GivesExitStatusAndSignal) {
  EXPECT_EQ(run(bundle_.shell("exit 3")).status, 3);
  EXPECT_EQ(run(bundle_.shell("kill -9 $$")).status, 128 + SIGKILL);
  EXPECT_EQ(run(with_pid_namespace(bundle_.shell("exit 3"))).status, 3);
}

TEST_P(SpawnTest, ThrowsTheChildsOwnLineAndLeavesNothing) {
  test::expect_failures_told_apart(bundle_, [&](Entry entry) { return run(std::move(entry)); });
  test::expect_failures_told_apart(
      bundle_, [&](Entry entry) { return run(with_pid_namespace(std::move(entry))); });
}

TEST_P(SpawnTest, FailsInTheChildAfterTheFilterToo) {
  Entry entry = bundle_.shell("true");
  entry.spec.linux_.seccomp.emplace();
  entry.spec.linux_.seccomp->default_action = "SCMP_ACT_ALLOW";
  entry.spec.linux_.seccomp->syscalls = {
      {{"execve", "sendmsg", "sendto"}, "SCMP_ACT_ERRNO", EXDEV, {}}};
  const Outcome outcome = run(std::move(entry));
  EXPECT_EQ(outcome.status, 126);
  EXPECT_THAT(outcome.err, HasSubstr("execute '/bin/sh': invalid cross-device link"));
}

TEST_P(SpawnTest, TellsTheParentThePidBeforeTheProgramRuns) {
  for (const bool pid_namespace : {false, true}) {
    const Outcome outcome = launch(GetParam(), [&] {
      pid_t told = -1;
      const auto before = [&](pid_t pid) {
        told = pid;
        (void)!::write(1, "before ", 7);
      };
      Entry entry = bundle_.shell("echo ran");
      if (pid_namespace) entry = with_pid_namespace(std::move(entry));
      const Child child =
          spawn(std::move(entry), {}, {.place = before, .moves = false, .limit = {}});
      if (child.pid != told || !child.pidfd) ::_exit(97);
      ::_exit(forward_and_wait(child));
    });
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "before ran\n");
  }
}

TEST_P(SpawnTest, TheNetworkStepComesOnceTheNamespacesAreMade) {
  for (const bool pid_namespace : {false, true}) {
    const Outcome outcome = launch(GetParam(), [&] {
      Entry entry = bundle_.shell("echo ran");
      if (pid_namespace) entry = with_pid_namespace(std::move(entry));
      entry.spec.linux_.namespaces.push_back({spec::NamespaceType::network, ""});
      ParentSteps steps;
      steps.network = [](pid_t pid) {
        struct stat own {};
        struct stat other {};
        ::stat("/proc/self/ns/net", &own);
        const std::string path = "/proc/" + std::to_string(pid) + "/ns/net";
        // A user may not look into a process that hides.
        if (::stat(path.c_str(), &other) == 0 && own.st_ino == other.st_ino) ::_exit(96);
        (void)!::write(1, "before ", 7);
      };
      ::_exit(forward_and_wait(spawn(std::move(entry), {}, steps)));
    });
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "before ran\n");
  }
}

TEST_P(SpawnTest, AFailureBeforeTheStartEndsTheChild) {
  const Outcome outcome = launch(GetParam(), [&] {
    try {
      (void)spawn(with_pid_namespace(bundle_.shell("echo ran")), {},
                  {.place = [](pid_t) { throw Error("no room"); }, .moves = false, .limit = {}});
    } catch (const EnterFailure& e) {
      if (::waitpid(-1, nullptr, WNOHANG | __WALL) >= 0) ::_exit(98);
      throw;
    }
  });
  EXPECT_EQ(outcome.status, 125);
  EXPECT_EQ(outcome.err, "start container 't1': no room");
  EXPECT_EQ(outcome.out, "");
}

TEST_P(SpawnTest, TellsOfAChildThatWasKilledEarly) {
  const Outcome outcome = launch(GetParam(), [&] {
    (void)spawn(bundle_.shell("echo ran"), {},
                {.place = [](pid_t pid) { ::kill(pid, SIGKILL); }, .moves = false, .limit = {}});
  });
  EXPECT_EQ(outcome.status, 125);
  EXPECT_EQ(
      outcome.err,
      "start container 't1': its first process was killed by signal 9 (killed) before it could "
      "execute the program");
}

// Sends SIGTERM to this process when it queues signals: then they are blocked (proc(5), SigBlk).
void terminate_when_waiting() {
  const pid_t target = ::getpid();
  if (::fork() != 0) return;
  const std::string file = "/proc/" + std::to_string(target) + "/status";
  const auto blocked = [&] {
    const std::string status = read_file(AT_FDCWD, file);
    return std::stoull(status.substr(status.find("SigBlk:") + 7), nullptr, 16);
  };
  while ((blocked() & (1ULL << (SIGTERM - 1))) == 0) ::usleep(1000);
  ::kill(target, SIGTERM);
  ::_exit(0);
}

TEST_P(SpawnTest, ForwardsSignals) {
  const Outcome outcome = launch(GetParam(), [&] {
    int ends[2];
    check(::pipe2(ends, O_CLOEXEC), "pipe");
    check(::dup2(ends[1], 7), "dup2");
    Entry entry =
        bundle_.shell("trap 'echo term; exit 5' TERM; echo >&7; while :; do sleep 0.01; done");
    entry.fds.keep = {7};
    const Child child = spawn(std::move(entry), {});
    char trapped = 0;
    check(::read(ends[0], &trapped, 1), "read");
    terminate_when_waiting();
    ::_exit(forward_and_wait(child));
  });
  EXPECT_EQ(outcome.status, 5) << outcome.err;
  EXPECT_EQ(outcome.out, "term\n");
}

TEST_P(SpawnTest, DiesWithItsLauncher) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Entry entry = with_pid_namespace(bundle_.entry({"sleep", "300"}));
  entry.fds.keep = {ends[1]};
  const Outcome outcome = launch(GetParam(), [&] {
    (void)spawn(std::move(entry), {});
    ::kill(::getpid(), SIGKILL);
  });
  EXPECT_EQ(outcome.status, 128 + SIGKILL) << outcome.err;
  ::close(ends[1]);
  // The program held the only other end.
  pollfd closed{ends[0], POLLIN, 0};
  EXPECT_EQ(::poll(&closed, 1, 10000), 1);
  ::close(ends[0]);
}

TEST_P(SpawnTest, PassesKeptDescriptorsAndSockets) {
  const Outcome outcome = launch(GetParam(), [&] {
    ::dup2(::open("/dev/null", O_RDONLY), 3);
    Entry entry = with_pid_namespace(bundle_.shell("echo $LISTEN_PID; probe descriptors"));
    entry.fds.keep = {3};
    entry.spec.process->env.push_back("LISTEN_PID=" + std::to_string(::getpid()));
    run_through(std::move(entry));
  });
  EXPECT_EQ(outcome.out.substr(0, 2), "1\n") << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("\n3 "));
  EXPECT_THAT(outcome.out, ::testing::Not(HasSubstr("\n4 ")));
}

TEST_P(SpawnTest, SignalMaskOfTheProgramIsTheLaunchers) {
  const Outcome outcome = run(bundle_.shell("grep SigBlk /proc/self/status"));
  EXPECT_EQ(outcome.out, "SigBlk:\t0000000000000000\n");
}

TEST_P(SpawnTest, EnterOrStayLeavesAsTheProgramDid) {
  EXPECT_EQ(launch(GetParam(), [&] { enter_or_stay(bundle_.shell("exit 3")); }).status, 3);
  const Outcome outcome = launch(
      GetParam(), [&] { enter_or_stay(with_pid_namespace(bundle_.shell("echo $$; exit 4"))); });
  EXPECT_EQ(outcome.status, 4) << outcome.err;
  EXPECT_EQ(outcome.out, "1\n");
}

// What a job step's task with a PID namespace of its own does.
TEST_P(SpawnTest, JoinsTheStepsUserNamespaceBeforeItsPidNamespace) {
  const Outcome outcome = launch(GetParam(), [&] {
    Entry entry =
        with_pid_namespace(bundle_.shell("echo $$ $(id -u); readlink /proc/self/ns/user"));
    entry.user_namespace = make_user_namespace(0, 0);
    enter_or_stay(std::move(entry));
  });
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out.substr(0, 4), "1 0\n");
  EXPECT_NE(outcome.out.substr(4),
            std::filesystem::read_symlink("/proc/self/ns/user").string() + "\n");
}

// By itself where it does nothing else any more, in a process between where it might.
TEST_P(SpawnTest, JoinsTheStepsUserNamespaceWhereItOnlyWaits) {
  for (const bool only_waits : {true, false}) {
    const Outcome outcome = launch(GetParam(), [&] {
      Entry entry = with_pid_namespace(bundle_.shell("readlink /proc/self/ns/user"));
      entry.user_namespace = make_user_namespace(0, 0);
      const Child child = spawn(std::move(entry), {}, {.only_waits = only_waits});
      const auto own = std::filesystem::read_symlink("/proc/self/ns/user").string() + "\n";
      (void)!::write(1, own.data(), own.size());
      ::_exit(forward_and_wait(child));
    });
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    const size_t end = outcome.out.find('\n') + 1;
    EXPECT_GT(outcome.out.size(), end);
    EXPECT_EQ(outcome.out.substr(0, end) == outcome.out.substr(end), only_waits) << outcome.out;
  }
}

using SpawnAsUser = test::ContainerTest;

// With one clone, and nothing of it is done before the first word.
TEST_F(SpawnAsUser, IsClonedIntoAUserNamespace) {
  const Outcome outcome = launch(test::kNobody, [&] {
    ParentSteps steps;
    steps.place = [](pid_t pid) {
      const std::string of_child = "/proc/" + std::to_string(pid);
      if (!read_file(AT_FDCWD, of_child + "/uid_map").empty()) ::_exit(97);
      if (std::filesystem::read_symlink(of_child + "/ns/user") ==
          std::filesystem::read_symlink("/proc/self/ns/user")) {
        ::_exit(96);
      }
    };
    Entry entry = with_pid_namespace(bundle_.shell("echo $$ $(id -u); cat /proc/self/uid_map"));
    ::_exit(forward_and_wait(spawn(std::move(entry), {}, steps)));
  });
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "1 0\n         0      65534          1\n");
}

// This process becomes a user who has kept one right.
void become_nobody_with(int capability) {
  check(::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "keep capabilities");
  check(::setresgid(test::kNobody, test::kNobody, test::kNobody), "setresgid");
  check(::setresuid(test::kNobody, test::kNobody, test::kNobody), "setresuid");
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  data[0].permitted = data[0].effective = 1U << static_cast<unsigned>(capability);
  check(::syscall(SYS_capset, &header, &data), "capset");
  check(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "make dumpable");
}

TEST_F(SpawnAsUser, UsesTheRightsThatItHasBeforeItIsInAUserNamespace) {
  Entry entry = with_pid_namespace(bundle_.shell("cut -d ' ' -f 19 /proc/self/stat"));
  entry.spec.process->scheduler.emplace();
  entry.spec.process->scheduler->nice = -5;
  const Outcome outcome = launch(0, [&] {
    become_nobody_with(CAP_SYS_NICE);
    run_through(std::move(entry));
  });
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "-5\n");
}

using SpawnAsRoot = test::ContainerTest;

TEST_F(SpawnAsRoot, TakesTheStandardDescriptorsAndTheMaskOfTheEntry) {
  const std::string file = bundle_.path() + "/output";
  const Outcome outcome = launch(0, [&] {
    const UniqueFd output = open_file(AT_FDCWD, file, O_WRONLY | O_CREAT, 0644);
    Entry entry = bundle_.shell("grep SigBlk /proc/self/status; echo wrong >&2");
    entry.stdio = {-1, output.get(), 2};
    set_inheritable(2, false);
    entry.signal_mask.emplace();
    ::sigemptyset(&*entry.signal_mask);
    ::sigaddset(&*entry.signal_mask, SIGUSR1);
    run_through(std::move(entry));
  });
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "wrong\n");
  EXPECT_EQ(read_file(AT_FDCWD, file), "SigBlk:\t0000000000000200\n");
}

TEST_F(SpawnAsRoot, MapsRangesAndMakesAPidNamespace) {
  Entry entry = with_pid_namespace(bundle_.shell("echo $$; id -u; cat /proc/self/uid_map"));
  entry.spec.linux_.namespaces.push_back({NamespaceType::user, ""});
  entry.spec.linux_.uid_mappings = entry.spec.linux_.gid_mappings = {{0, 100000, 65536}};
  entry.spec.process->user = {33, 33, {}, {}};
  const Outcome outcome = launch(0, [&] { run_through(std::move(entry)); });
  EXPECT_EQ(outcome.out, "1\n33\n         0     100000      65536\n") << outcome.err;
}

TEST_F(SpawnAsRoot, JoinsAPidNamespaceByPath) {
  const Outcome outcome = launch(0, [&] {
    const Child first = spawn(with_pid_namespace(bundle_.entry({"sleep", "300"})), {});
    Entry entry = bundle_.shell("test $$ != 1 && readlink /proc/$$/ns/pid && kill -9 1");
    entry.spec.linux_.namespaces.push_back(
        {NamespaceType::pid, "/proc/" + std::to_string(first.pid) + "/ns/pid"});
    const std::string name =
        std::filesystem::read_symlink("/proc/" + std::to_string(first.pid) + "/ns/pid").string() +
        "\n";
    (void)!::write(1, name.data(), name.size());
    const Child second = spawn(std::move(entry), {});
    (void)forward_and_wait(second);
    ::kill(first.pid, SIGKILL);
    ::_exit(forward_and_wait(first) == 128 + SIGKILL ? 0 : 1);
  });
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const size_t line = outcome.out.find('\n');
  EXPECT_EQ(outcome.out, outcome.out.substr(0, line + 1) + outcome.out.substr(0, line + 1));
}

}  // namespace
}  // namespace berth::runtime
