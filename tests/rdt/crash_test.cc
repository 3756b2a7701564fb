// Writers that die in the middle of a change, and who comes after them.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "rdt/commit.h"
#include "tests/rdt/claims.h"
#include "tests/rdt/node.h"
#include "tests/support/message_of.h"

namespace berth::rdt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CrashTest : public Claims {
 protected:
  // Runs `act` in a child that dies, as by kill -9, right before its n-th call of the kernel; false
  // where it made fewer calls than that.
  template <class F>
  bool dies_before(int n, F act) {
    const pid_t child = ::fork();
    if (child == 0) {
      int calls = 0;
      tree_.interfere([&](const std::string&, const std::string&) {
        if (++calls == n) ::_exit(9);
        return 0;
      });
      act();
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    return WEXITSTATUS(status) == 9;
  }

  // How far a writer gets that changes the layout to `to`.
  enum class Until { steps, ledger };
  struct Death {
    size_t steps = 0;  // done; of the next one it is written down that it is begun
    Until until = Until::steps;
  };
  // Does the change as commit does, monitor groups and all, and stops there. False where there are
  // fewer steps.
  bool dies(const Layout& to, Journal::Change change, const std::string& claim, Death at) {
    const Ground ground = survey_ground(resctrl_, tree_.state_dir(), nullptr);
    const std::vector<Step> steps = transition(ground.capability, ground.state, to);
    if (at.steps > steps.size()) return false;
    Journal journal(tree_.state_dir(), ground.capability, change, claim, to, steps);
    for (size_t i = 0; i < at.steps; ++i) {
      journal.about_to(steps[i]);
      perform(resctrl_, steps[i]);
    }
    if (at.steps < steps.size()) journal.about_to(steps[at.steps]);
    if (at.until == Until::ledger) write_ledger(tree_.state_dir(), ground.capability, to);
    return true;
  }
  // The layout with the claim in it.
  Layout with(const std::string& claim, const Wish& wish) {
    const Ground ground = survey_ground(resctrl_, tree_.state_dir(), nullptr);
    Layout base = ground.layout;
    if (base.groups.empty()) base.original = default_masks(ground.state);
    const auto answer = allocate(ground.capability, base, ground.state.foreign, claim,
                                 purpose(claim), wish, rules_);
    return std::get<Grant>(answer).layout;
  }
  // A take that dies after each step; `mend` is who comes after.
  template <class F>
  size_t take_dies_everywhere(const std::string& claim, const Wish& wish, F mend) {
    const std::string before = everything();
    for (size_t n = 0;; ++n) {
      if (!dies(with(claim, wish), Journal::Change::take, claim, {n})) return n;
      mend();
      EXPECT_EQ(everything(), before) << "after step " << n;
      if (HasFailure()) return n;
    }
  }
};

TEST_F(CrashTest, AFirstTakeIsUndone) {
  resctrl_.default_group().write({{{"L3", {{0, 0x7f0}, {1, 0x3ff}}}}});
  EXPECT_EQ(take_dies_everywhere("job_1", wish_for("6w", {0, 1}), [&] { settle({}); }), 5U)
      << "shrink, make, write, monitor";
}

TEST_F(CrashTest, ATakeIsUndoneByWhoeverComesNext) {
  must("job_1", "2w", {0});
  const auto refused_take = [&] { EXPECT_NE(refused("job_9", wish_for("11w", {0})), "granted"); };
  EXPECT_EQ(take_dies_everywhere("job_2", wish_for("2w", {0}), refused_take), 5U);
  EXPECT_EQ(take_dies_everywhere("job_2", wish_for("2w", {1}), [&] { back("job_7"); }), 4U)
      << "into a group that is there";
}

TEST_F(CrashTest, WhoWasMovedIsMovedBack) {
  for (const char* name : {"job_1", "job_2", "job_3", "job_4"}) must(name, "2w", {0});
  back("job_1");
  back("job_3");
  EXPECT_EQ(take_dies_everywhere("job_5", wish_for("5w", {0}),
                                 [&] {
                                   settle({"job_2", "job_4"});
                                 }),
            7U)
      << "shrink, two moves, make, write, monitor";
}

TEST_F(CrashTest, AReleaseIsFinished) {
  must("job_1", "4w", {0});
  must("job_2", "3w", {0});
  must("job_3", "3w", {1});
  for (const char* claim : {"job_3", "job_2", "job_1"}) {
    const Layout to = ledger().without(claim);
    std::string after;
    for (size_t n = 0;; ++n) {
      const bool died = dies(to, Journal::Change::release, claim, {n});
      if (!died) break;
      // Somebody who asks for something else altogether.
      back("job_9");
      if (after.empty()) after = everything();
      EXPECT_EQ(everything(), after) << claim << " after step " << n;
      EXPECT_EQ(ledger().member(claim), nullptr);
      must(claim, wish_for(claim == std::string("job_1") ? "4w" : "3w",
                           {claim == std::string("job_3") ? 1U : 0U}));
    }
    back(claim);
    EXPECT_EQ(everything(), after);
  }
  EXPECT_EQ(everything(), untouched_);
}

TEST_F(CrashTest, OnceTheLedgerIsWrittenTheChangeIsDone) {
  must("job_1", "2w", {0});
  const std::string before = everything();
  const Layout to = with("job_2", wish_for("2w", {1}));
  ASSERT_TRUE(dies(to, Journal::Change::take, "job_2", {3, Until::ledger}));
  EXPECT_THAT(settle({"job_1", "job_2"}),
              ElementsAre("finished the taking of 'job_2', cut short at step 3 of 3"));
  EXPECT_EQ(everything(),
            "default L3:0=7fc;1=7fc MB:0=100;1=100\n"
            "berth_1 L3:0=3;1=3 MB:0=100;1=100 [job_1 job_2]\n"
            "ledger berth_1 job_1 job_2\n");
  ASSERT_TRUE(
      dies(ledger().without("job_2"), Journal::Change::release, "job_2", {3, Until::ledger}));
  settle({"job_1"});
  EXPECT_EQ(everything(), before);
  ASSERT_TRUE(
      dies(ledger().without("job_1"), Journal::Change::release, "job_1", {2, Until::ledger}));
  back("job_1");
  EXPECT_EQ(everything(), untouched_);
}

TEST_F(CrashTest, ReconcileSaysWhatItFound) {
  must("job_1", "2w", {0});
  dies(with("job_2", wish_for("2w", {0})), Journal::Change::take, "job_2", {2});
  EXPECT_THAT(settle({"job_1"}),
              ElementsAre("undid the taking of 'job_2', cut short at step 3 of 4"));
  dies(ledger().without("job_1"), Journal::Change::release, "job_1", {1});
  EXPECT_THAT(settle({}), ElementsAre("finished the release of 'job_1', cut short at step 2 of 2"));
  EXPECT_EQ(everything(), untouched_);
}

TEST_F(CrashTest, ARestorationIsFinished) {
  must("job_1", "2w", {0});
  const std::string before = everything();
  resctrl_.remove("berth_1");
  dies(ledger(), Journal::Change::restore, "job_1", {1});
  EXPECT_THAT(settle({"job_1"}),
              ElementsAre("finished the restoration of 'job_1', cut short at step 2 of 3"));
  EXPECT_EQ(everything(), before);
}

TEST_F(CrashTest, ARecordCutShortIsOfNoChange) {
  must("job_1", "2w", {0});
  const std::string before = everything();
  write_all(open_file(tree_.state_dir(), "rdt.journal", O_WRONLY | O_CREAT, 0644).get(),
            "{\"change\":\"take\",\"cla", "journal");
  EXPECT_THAT(settle({"job_1"}), IsEmpty());
  EXPECT_EQ(everything(), before);
}

TEST_F(CrashTest, ADamagedJournalKeepsAllFromGoingOn) {
  must("job_1", "2w", {0});
  write_all(open_file(tree_.state_dir(), "rdt.journal", O_WRONLY | O_CREAT, 0644).get(),
            "nonsense\n", "journal");
  const std::string before = everything();
  const std::string line = "the journal 'rdt.journal' is damaged: it is not what berth writes";
  EXPECT_EQ(failed("job_2", wish_for("2w", {0})), line);
  EXPECT_EQ(test::message_of([&] { back("job_1"); }), line);
  EXPECT_EQ(test::message_of([&] { settle({}); }), line);
  EXPECT_EQ(everything(), before);
}

TEST_F(CrashTest, ADeathBeforeAnyCallIsMended) {
  must("job_1", "2w", {0, 1});
  const std::string with_1 = everything();
  int deaths = 0;
  for (int n = 1; dies_before(n, [&] { ask("job_2", wish_for("4w", {0})); }); ++n) {
    ++deaths;
    settle({"job_1"});
    EXPECT_EQ(everything(), with_1) << "in take, before call " << n;
  }
  EXPECT_EQ(deaths, 3) << "shrink, make, write";
  for (int n = 1, more = 1; more != 0; ++n) {
    must("job_2", "4w", {0});
    more = dies_before(n, [&] { back("job_2"); }) ? 1 : 0;
    deaths += more;
    settle({"job_1"});
    EXPECT_EQ(everything(), with_1) << "in give_back, before call " << n;
  }
  EXPECT_EQ(deaths, 5) << "and remove, grow";
  settle({});
  EXPECT_EQ(everything(), untouched_);
}

TEST_F(CrashTest, ADeathInCompactionIsMended) {
  for (const char* name : {"job_1", "job_2", "job_3", "job_4"}) must(name, "2w", {0});
  back("job_1");
  back("job_3");
  const std::string before = everything();
  int n = 1;
  for (; dies_before(n, [&] { ask("job_5", wish_for("5w", {0})); }); ++n) {
    settle({"job_2", "job_4"});
    EXPECT_EQ(everything(), before) << "before call " << n;
  }
  EXPECT_EQ(n, 6) << "shrink, two moves, make, write";
}

TEST_F(CrashTest, ADeathInReconcileIsMendedByTheNext) {
  int n = 1;
  for (bool more = true; more; ++n) {
    must("job_1", "2w", {0, 1});
    must("job_2", "4w", {0});
    more = dies_before(n, [&] { settle({}); });
    settle({});
    EXPECT_EQ(everything(), untouched_) << n;
  }
  EXPECT_EQ(n, 5) << "two removals, one write";
}

// Whoever mends may die of it too.
TEST_F(CrashTest, ADeathInMendingIsMendedByTheNext) {
  for (const char* name : {"job_1", "job_2", "job_3", "job_4"}) must(name, "2w", {0});
  back("job_1");
  back("job_3");
  const std::string before = everything();
  for (int n = 1; n <= 5; ++n) {
    dies(with("job_5", wish_for("5w", {0})), Journal::Change::take, "job_5", {5});
    dies_before(n, [&] { settle({"job_2", "job_4"}); });
    settle({"job_2", "job_4"});
    EXPECT_EQ(everything(), before) << n;
  }
}

}  // namespace
}  // namespace berth::rdt
