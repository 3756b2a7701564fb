#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "rdt/ledger.h"
#include "tests/rdt/claims.h"
#include "tests/rdt/node.h"

namespace berth::rdt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ReconcileTest : public Claims {
 protected:
  // The claim's monitor group in berth_1 lists these threads, and so does berth_1 itself: a control
  // group has the tasks of its monitor groups too.
  void list(const std::string& claim, const std::string& tasks) const {
    tree_.write("berth_1/mon_groups/" + claim + "/tasks", tasks);
    tree_.write("berth_1/tasks", tasks);
  }
  // A child that does nothing, and ends on its own where a test does not end it.
  static pid_t sleeper() {
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::alarm(30);
    for (;;) ::pause();
  }
};

TEST_F(ReconcileTest, NothingToBeDoneTouchesNothing) {
  resctrl_.default_group().write({{{"L3", {{0, 0xff}}}}});
  const std::string before = everything();
  EXPECT_THAT(settle({}), IsEmpty());
  EXPECT_EQ(everything(), before);
  EXPECT_THAT(list_dir(tree_.state_dir()), testing::ElementsAre("rdt-capability.json"));
}

TEST_F(ReconcileTest, TheLivingKeepWhatTheyHave) {
  must("job_1", "2w", {0});
  must("job_2", "3w", {1});
  const std::string before = everything();
  EXPECT_THAT(settle({"job_1", "job_2"}, true), IsEmpty());
  EXPECT_EQ(everything(), before);
}

TEST_F(ReconcileTest, TheDeadAreReleasedAndTheDefaultGroupIsAsItWas) {
  resctrl_.default_group().write({{{"L3", {{0, 0x7f0}, {1, 0x3ff}}}}});
  const std::string before = everything();
  must("job_1", "6w", {0});
  must("job_2", "2w", {1});
  must("job_3", "2w", {0, 1});
  EXPECT_THAT(settle({"job_2"}), ElementsAre("freed the part of group 'berth_1' of job 1",
                                             "removed group 'berth_2' of job 3",
                                             "gave the default group what it is left with",
                                             "gave group 'berth_1' of job 2 its ways again"));
  EXPECT_EQ(everything(),
            "default L3:0=7f0;1=3fc MB:0=100;1=100\n"
            "berth_1 L3:0=400;1=3 MB:0=100;1=100 [job_2]\n"
            "ledger berth_1 job_2\n");
  EXPECT_THAT(settle({}), ElementsAre("removed group 'berth_1' of job 2",
                                      "gave the default group what it had before"));
  EXPECT_EQ(everything(), before);
}

TEST_F(ReconcileTest, WhatSomebodyTookFromTheLivingIsGivenAgain) {
  must("job_1", "50%", {0});
  const std::string before = everything();
  resctrl_.remove("berth_1");
  resctrl_.default_group().write({{{"L3", {{0, 0x7ff}}}}});
  EXPECT_THAT(settle({"job_1"}), ElementsAre("gave the default group what it is left with",
                                             "gave group 'berth_1' of job 1 its ways again"));
  EXPECT_EQ(everything(), before);
}

TEST_F(ReconcileTest, StraysAreRemovedAndStrangersAreNot) {
  tree_.add_stranger("COS1", "L3:0=3\n");
  tree_.add_stranger("berth_7", "L3:0=c\n");
  must("job_1", "2w", {0});
  EXPECT_THAT(settle({"job_1"}), ElementsAre("removed group 'berth_7'"));
  EXPECT_EQ(everything(),
            "default L3:0=7c0;1=7ff MB:0=100;1=100\n"
            "COS1 L3:0=3;1=7ff MB:0=100;1=100 []\n"
            "berth_1 L3:0=30;1=400 MB:0=100;1=100 [job_1]\n"
            "ledger berth_1 job_1\n");
}

TEST_F(ReconcileTest, WhatALostStateDirectoryLeavesIsRemoved) {
  must("job_1", "2w", {0});
  ::unlinkat(tree_.state_dir(), "rdt.json", 0);
  EXPECT_THAT(settle({}),
              ElementsAre("removed group 'berth_1'", "gave the default group what it had before"));
  EXPECT_EQ(everything(), untouched_) << "all ways: what it had is lost too";
}

TEST_F(ReconcileTest, WhatAnUnfinishedWriteLeftIsRemoved) {
  must("job_1", "2w", {0});
  open_file(tree_.state_dir(), ".rdt.json.4711", O_WRONLY | O_CREAT, 0644);
  settle({"job_1"});
  EXPECT_THAT(list_dir(tree_.state_dir()), ElementsAre("rdt-capability.json", "rdt.json"));
}

TEST_F(ReconcileTest, KillsTheTasksOfTheDeadWhereAsked) {
  must("job_1", "2w", {0});
  const pid_t child = sleeper();
  list("job_1", "0\n1\n" + std::to_string(::getpid()) + "\n" + std::to_string(child) + "\n");
  int status = 0;
  std::jthread kernel([&] {
    ::waitpid(child, &status, 0);
    if (WTERMSIG(status) == SIGKILL) list("job_1", "");
  });
  EXPECT_THAT(settle({}, true), ElementsAre("removed group 'berth_1' of job 1",
                                            "gave the default group what it had before"));
  kernel.join();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F(ReconcileTest, KillsNobodyOfTheLivingInTheSameGroup) {
  must("job_1", "2w", {0});
  must("job_2", "2w", {1});
  const pid_t child = sleeper();
  list("job_2", std::to_string(child) + "\n");
  settle({"job_2"}, true);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, WNOHANG), 0) << "still there";
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
}

TEST_F(ReconcileTest, SaysWhatBecameOfTasksItDidNotKill) {
  must("job_1", "2w", {0});
  const pid_t zombie = ::fork();
  if (zombie == 0) ::_exit(0);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(zombie), &info, WEXITED | WNOWAIT);
  list("job_1", std::to_string(::getpid()) + "\n" + std::to_string(::getppid()) + "\n" +
                    std::to_string(zombie) + "\n");
  EXPECT_THAT(settle({}), ElementsAre("removed group 'berth_1' of job 1, its 2 tasks are in the "
                                      "default group now",
                                      "gave the default group what it had before"));
  ::waitpid(zombie, nullptr, 0);
}

TEST_F(ReconcileTest, AsksUnderTheLock) {
  must("job_1", "2w", {0});
  int asked = 0;
  reconcile(
      resctrl_, tree_.state_dir(),
      [&](const std::string& claim) {
        ++asked;
        EXPECT_EQ(claim, "job_1");
        EXPECT_THROW((void)resctrl_.lock(std::chrono::milliseconds(0)), Error);
        return true;
      },
      true);
  EXPECT_EQ(asked, 2);
  EXPECT_TRUE(resctrl_.find("berth_1"));
}

TEST_F(ReconcileTest, SaysWhatCouldNotBeDone) {
  must("job_1", "2w", {0});
  fail("remove", "berth_1", EPERM);
  EXPECT_THAT(
      settle({}),
      ElementsAre("removed group 'berth_1' of job 1", "gave the default group what it had before",
                  "not all could be done: remove 'berth_1': remove resctrl group "
                  "'berth_1': operation not permitted"));
  tree_.interfere({});
  EXPECT_THAT(settle({}), ElementsAre("removed group 'berth_1'"));
  EXPECT_EQ(everything(), untouched_);
}

}  // namespace
}  // namespace berth::rdt
