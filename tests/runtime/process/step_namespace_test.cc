#include "runtime/process/step_namespace.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <thread>

#include "base/error.h"
#include "tests/runtime/process/in_child.h"

namespace berth::runtime {
namespace {

std::string ids() {
  return std::to_string(::getuid()) + " " + std::to_string(::getgid());
}

void become_user(uid_t uid) {
  check(::setresgid(uid, uid, uid), "setresgid");
  check(::setresuid(uid, uid, uid), "setresuid");
}

TEST(StepNamespace, MapsTheCallersIdToTheOneAsked) {
  EXPECT_EQ(test::in_child([] {
              const UniqueFd ns = make_user_namespace(0, 5);
              check(::setns(ns.get(), CLONE_NEWUSER), "setns");
              return ids();
            }),
            "0 5");
}

TEST(StepNamespace, WorksForAProcessThatChangedItsUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  EXPECT_EQ(test::in_child([] {
              become_user(65534);
              const UniqueFd ns = make_user_namespace(65534, 0);
              check(::setns(ns.get(), CLONE_NEWUSER), "setns");
              return ids();
            }),
            "65534 0");
}

// A daemon that is the user for a while by seteuid alone.
TEST(StepNamespace, WorksForAnEffectiveUserWithRootBehind) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  EXPECT_EQ(test::in_child([] {
              check(::setresgid(-1, 65534, -1), "setresgid");
              check(::setresuid(-1, 65534, -1), "setresuid");
              const UniqueFd ns = make_user_namespace(0, 0);
              check(::setresuid(-1, 0, -1), "setresuid");
              become_user(65534);
              check(::setns(ns.get(), CLONE_NEWUSER), "setns");
              return ids();
            }),
            "0 0");
}

TEST(StepNamespace, WorksBesideOtherThreadsAndRaisesNoSignal) {
  EXPECT_EQ(test::in_child([] {
              static volatile std::sig_atomic_t signals = 0;
              std::signal(SIGCHLD, [](int) { signals = signals + 1; });
              std::string result;
              std::thread([&] {
                const UniqueFd ns = make_user_namespace(0, 0);
                struct stat st {};
                result = ns && ::fstat(ns.get(), &st) == 0 ? "made" : "not made";
              }).join();
              return result + " " + std::to_string(signals) +
                     (::waitpid(-1, nullptr, WNOHANG | __WALL) < 0 ? " no child" : " child left");
            }),
            "made 0 no child");
}

// What MPI's copies between the ranks of a node need.
TEST(StepNamespace, ItsProcessesReadEachOthersMemory) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  EXPECT_EQ(test::in_child([] {
              become_user(65534);
              const UniqueFd ns = make_user_namespace(0, 0);
              static char word[] = "before";
              int ends[2];
              check(::pipe(ends), "pipe");
              const pid_t peer = check(::fork(), "fork");
              if (peer == 0) {
                ::setns(ns.get(), CLONE_NEWUSER);
                ::prctl(PR_SET_DUMPABLE, 1);
                std::memcpy(word, "shared", sizeof word);
                (void)!::write(ends[1], "x", 1);
                ::pause();
                ::_exit(0);
              }
              char go = 0;
              (void)!::read(ends[0], &go, 1);
              check(::setns(ns.get(), CLONE_NEWUSER), "setns");
              char copy[sizeof word] = {};
              iovec local{copy, sizeof copy};
              iovec remote{word, sizeof word};
              const ssize_t n = ::process_vm_readv(peer, &local, 1, &remote, 1, 0);
              const int code = errno;
              ::kill(peer, SIGKILL);
              ::waitpid(peer, nullptr, 0);
              return n < 0 ? errno_text(code) : std::string(copy);
            }),
            "shared");
}

TEST(StepNamespace, NamesTheStepThatFails) {
  // In a namespace whose ids are not mapped there is nothing that a child could map.
  EXPECT_EQ(test::in_child([] {
              check(::unshare(CLONE_NEWUSER), "unshare");
              (void)make_user_namespace(0, 0);
              return std::string("made");
            }),
            "error: unshare user namespace: operation not permitted");
}

}  // namespace
}  // namespace berth::runtime
