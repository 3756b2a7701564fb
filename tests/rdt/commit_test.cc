// Calls that fail in the middle of a change: all is brought back, or done another way.
#include "rdt/commit.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <thread>

#include "base/error.h"
#include "tests/rdt/claims.h"
#include "tests/rdt/node.h"

namespace berth::rdt {
namespace {

using testing::HasSubstr;

class CommitTest : public Claims {
 protected:
  // Takes with the n-th call failing, for each n that there is; all must be as before each time.
  // Says how many calls failed.
  int fails_everywhere(const std::string& claim, const Wish& wish) {
    const std::string before = everything();
    for (int n = 0;; ++n) {
      int calls = 0;
      tree_.interfere(
          [&](const std::string&, const std::string&) { return calls++ == n ? EINVAL : 0; });
      const std::string line = failed(claim, wish);
      tree_.interfere({});
      if (line == "no error") return n;
      EXPECT_THAT(line, HasSubstr("invalid argument"));
      EXPECT_EQ(everything(), before) << "call " << n << ": " << line;
    }
  }
};

TEST_F(CommitTest, AFailureAnywhereInAFirstTakeLeavesNothingBehind) {
  resctrl_.default_group().write({{{"L3", {{0, 0x7f0}, {1, 0x3ff}}}}});
  EXPECT_EQ(fails_everywhere("job_1", wish_for("6w", {0})), 3) << "shrink, make, write";
}

TEST_F(CommitTest, AFailureAnywhereLeavesTheOthersAsTheyWere) {
  must("job_1", "2w", {0});
  EXPECT_EQ(fails_everywhere("job_2", wish_for("2w", {0})), 3);
  EXPECT_EQ(fails_everywhere("job_3", wish_for("2w", {1})), 2) << "a part of a group: no making";
}

TEST_F(CommitTest, AFailureAnywhereMovesTheOthersBack) {
  for (const char* name : {"job_1", "job_2", "job_3", "job_4"}) must(name, "2w", {0});
  back("job_1");
  back("job_3");
  EXPECT_EQ(fails_everywhere("job_5", wish_for("5w", {0})), 5) << "shrink, two moves, make, write";
  EXPECT_EQ(tree_.schemata("berth_4"), "L3:0=c;1=400\nMB:0=100;1=100\n") << "moved in the end";
}

TEST_F(CommitTest, WhatCannotBeUndoneIsSaidAndReconcileRemovesIt) {
  tree_.interfere([](const std::string& call, const std::string& group) {
    return group == "berth_1" && call != "make" ? EIO : 0;
  });
  EXPECT_THAT(failed("job_1", wish_for("2w", {0})),
              HasSubstr("and undoing it failed: remove 'berth_1': remove resctrl group 'berth_1'"));
  EXPECT_EQ(ledger(), Layout());
  tree_.interfere({});
  EXPECT_THAT(settle({}), testing::ElementsAre("removed group 'berth_1'"));
  EXPECT_EQ(everything(), untouched_);
}

TEST_F(CommitTest, AClaimKeepsItsWaysWhateverFailsInGivingThemAgain) {
  must("job_1", "2w", {0});
  const std::string before = everything();
  resctrl_.remove("berth_1");
  fail("assign", "berth_1", EINVAL);
  EXPECT_THAT(failed("job_1", wish_for("2w", {0})), HasSubstr("invalid argument"));
  EXPECT_NE(ledger().member("job_1"), nullptr);
  tree_.interfere({});
  must("job_1", "2w", {0});
  EXPECT_EQ(everything(), before);
}

// Another program that removes our group right before a call on it.
class RemovedMeanwhile : public CommitTest, public testing::WithParamInterface<int> {
 protected:
  // `times` times, at writes to berth_1.
  void removed(int times) {
    tree_.interfere([this, left = std::make_shared<int>(times)](const std::string& call,
                                                                const std::string& group) {
      if (call != "assign" || group != "berth_1" || (*left)-- <= 0) return 0;
      std::filesystem::remove_all(tree_.path() + "/resctrl/berth_1");
      return GetParam();
    });
  }
};

TEST_P(RemovedMeanwhile, IsMadeAgainOnce) {
  removed(1);
  must("job_1", "2w", {0});
  const std::string after =
      "default L3:0=7fc;1=7ff MB:0=100;1=100\n"
      "berth_1 L3:0=3;1=400 MB:0=100;1=100 [job_1]\n"
      "ledger berth_1 job_1\n";
  EXPECT_EQ(everything(), after);
  removed(1);
  must("job_2", "2w", {1});
  EXPECT_EQ(everything(),
            "default L3:0=7fc;1=7fc MB:0=100;1=100\n"
            "berth_1 L3:0=3;1=3 MB:0=100;1=100 [job_1 job_2]\n"
            "ledger berth_1 job_1 job_2\n");
  tree_.interfere({});
  back("job_2");
  EXPECT_EQ(everything(), after);
}

TEST_P(RemovedMeanwhile, ButNotForever) {
  removed(100);
  EXPECT_THAT(failed("job_1", wish_for("2w", {0})), HasSubstr("resctrl 'berth_1': write 'L3:0=3"));
  EXPECT_EQ(everything(), untouched_);
}

INSTANTIATE_TEST_SUITE_P(By, RemovedMeanwhile, testing::Values(ENODEV, ENOENT),
                         [](const auto& code) {
                           return code.param == ENODEV ? "ENODEV" : "ENOENT";
                         });

TEST_F(CommitTest, WaitsForMonitoringIdsWithoutTheLock) {
  int busy = 2;
  std::string default_while_waiting;
  tree_.interfere([&](const std::string& call, const std::string&) {
    return call == "make" && busy-- > 0 ? EBUSY : 0;
  });
  std::jthread other([&] {
    while (busy > 1) std::this_thread::yield();
    const Resctrl::Lock lock = resctrl_.lock(std::chrono::milliseconds(150));
    default_while_waiting = tree_.schemata();
  });
  must("job_1", "2w", {0});
  other.join();
  EXPECT_EQ(default_while_waiting, "L3:0=7ff;1=7ff\nMB:0=100;1=100\n");
  EXPECT_EQ(tree_.schemata(), "L3:0=7fc;1=7ff\nMB:0=100;1=100\n");
}

TEST_F(CommitTest, WithoutAGroupThereIsNoClaim) {
  fail("make", "berth_1", ENOSPC);
  must("job_1", "2w", {0});
  EXPECT_FALSE(ledger().member("job_1")->monitored) << "monitor groups may be what is missing";
  back("job_1");
  tree_.interfere(
      [](const std::string& call, const std::string&) { return call == "make" ? ENOSPC : 0; });
  EXPECT_THAT(failed("job_1", wish_for("2w", {0})), HasSubstr("make resctrl group 'berth_1'"));
  EXPECT_EQ(everything(), untouched_);
}

#ifdef SYS_mkdir  // else the tree's own directories would be made by mkdirat too

// A child that could set none leaves with this and errno.
constexpr int kNoFilter = 64;

// Every mkdirat of this process and its children fails so.
bool refuse_mkdirat(unsigned code) {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdirat, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | code),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{std::size(filter), filter};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// The hardware's monitoring ids are used up: monitor groups are not to be had.
TEST_F(CommitTest, WithoutAMonitorGroupAClaimIsUnmonitoredAndAlone) {
  must("job_1", "2w", {0});
  const pid_t child = ::fork();
  if (child == 0) {
    if (!refuse_mkdirat(ENOSPC)) ::_exit(kNoFilter + errno);
    try {
      const Holding holding = must("job_2", "3w", {1});
      ::_exit(holding.place == Place{"berth_2", ""} ? 0 : 1);
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s\n", e.what());
      ::_exit(2);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WEXITSTATUS(status) > kNoFilter) {
    GTEST_SKIP() << "no seccomp filter: " << errno_text(WEXITSTATUS(status) - kNoFilter);
  }
  EXPECT_EQ(status, 0);
  EXPECT_EQ(everything(),
            "default L3:0=7fc;1=7f8 MB:0=100;1=100\n"
            "berth_1 L3:0=3;1=400 MB:0=100;1=100 [job_1]\n"
            "berth_2 L3:0=400;1=7 MB:0=100;1=100 []\n"
            "ledger berth_1 job_1\n"
            "ledger berth_2 job_2\n");
  EXPECT_FALSE(ledger().member("job_2")->monitored);
}

TEST_F(CommitTest, AnotherFailureOfAMonitorGroupIsUndoneAsAll) {
  must("job_1", "2w", {0});
  const std::string before = everything();
  const pid_t child = ::fork();
  if (child == 0) {
    if (!refuse_mkdirat(EPERM)) ::_exit(kNoFilter + errno);
    for (const auto& [claim, domain] : {std::pair("job_2", 0U), std::pair("job_3", 1U)}) {
      if (!failed(claim, wish_for("3w", {domain})).ends_with("operation not permitted")) ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WEXITSTATUS(status) > kNoFilter) {
    GTEST_SKIP() << "no seccomp filter: " << errno_text(WEXITSTATUS(status) - kNoFilter);
  }
  EXPECT_EQ(status, 0);
  EXPECT_EQ(everything(), before);
}

#endif

}  // namespace
}  // namespace berth::rdt
