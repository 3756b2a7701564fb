#include "rdt/ledger.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <random>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/resctrl_tree.h"

namespace berth::rdt {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Wish wish(std::string_view amount, std::initializer_list<unsigned> domains, bool shared = false) {
  Wish result{parse_amount(amount), shared, {}};
  for (const unsigned id : domains) result.domains[id] = 11 << 20;
  return result;
}

class LedgerTest : public testing::Test {
 protected:
  std::variant<Holding, Refusal> ask(const std::string& name, const Wish& what) {
    return take(resctrl_, tree_.state_dir(), name, "job 12", what, 1);
  }
  Holding must(const std::string& name, const Wish& what) {
    auto answer = ask(name, what);
    if (const Refusal* refusal = std::get_if<Refusal>(&answer)) throw Error(refusal->reason);
    return std::get<Holding>(answer);
  }
  std::string refused(const std::string& name, const Wish& what) {
    const auto answer = ask(name, what);
    const Refusal* refusal = std::get_if<Refusal>(&answer);
    return refusal == nullptr ? "granted" : refusal->reason;
  }
  void back(const std::string& name) { give_back(resctrl_, tree_.state_dir(), name); }
  std::vector<std::string> settle(const std::vector<std::string>& alive, bool kill = false) {
    return reconcile(resctrl_, tree_.state_dir(), alive, kill);
  }
  Ledger ledger() { return read_ledger(tree_.state_dir()); }
  // All that there is to see: every group's lines and the ledger.
  std::string everything() {
    std::string text = "default " + tree_.schemata();
    for (const std::string& name : resctrl_.group_names()) text += name + tree_.schemata(name);
    for (const auto& [name, group] : ledger().groups) text += "ledger " + name + "\n";
    for (const std::string& file : list_dir(tree_.state_dir())) {
      if (file != "rdt.json") text += "left behind: " + file + "\n";
    }
    return text;
  }

  ResctrlTree tree_;
  Resctrl resctrl_ = tree_.resctrl();
  const std::string untouched_ = "default L3:0=7ff;1=7ff\nMB:0=100;1=100\n";
};

TEST_F(LedgerTest, TakesAndGivesBack) {
  const Holding holding = must("berth_a", wish("50%", {1}));
  EXPECT_EQ(tree_.schemata(), "L3:0=7ff;1=7c0\nMB:0=100;1=100\n");
  EXPECT_EQ(tree_.schemata("berth_a"), "L3:0=400;1=3f\nMB:0=100;1=100\n");
  EXPECT_EQ(holding.grant.default_group.at(1).bits(), 0x7c0U);
  EXPECT_GT(holding.locked_seconds, holding.decide_seconds);
  const Ledger held = ledger();
  EXPECT_EQ(held.original, (Schemata{{{"L3", {{0, 0x7ff}, {1, 0x7ff}}}}}));
  EXPECT_EQ(
      held.groups.at("berth_a"),
      (LedgerGroup{true, "50%", "job 12", {{0, WayMask(0x400)}, {1, WayMask(0x3f)}}, {{1, 6}}}));
  back("berth_a");
  EXPECT_EQ(everything(), untouched_);
  EXPECT_EQ(ledger(), Ledger());
  back("berth_a");
  EXPECT_EQ(everything(), untouched_);
}

TEST_F(LedgerTest, GrowsTheDefaultBackToWhatItWasBeforeTheFirstGroup) {
  resctrl_.default_group().write({{{"L3", {{0, 0x7f0}, {1, 0x3ff}}}}});
  const std::string before = everything();
  must("berth_a", wish("5w", {0, 1}));
  must("berth_b", wish("2w", {1}));
  EXPECT_EQ(tree_.schemata(), "L3:0=7e0;1=380\nMB:0=100;1=100\n");
  back("berth_a");
  EXPECT_EQ(tree_.schemata(), "L3:0=7f0;1=380\nMB:0=100;1=100\n");
  back("berth_b");
  EXPECT_EQ(everything(), before);
}

TEST_F(LedgerTest, GivesTheSameAgainForTheSameWishAndRefusesAnother) {
  const Grant first = must("berth_a", wish("50%", {0})).grant;
  EXPECT_EQ(must("berth_a", wish("50%", {0})).grant, first);
  EXPECT_EQ(refused("berth_a", wish("6w", {0})), "group 'berth_a' (job 12) holds 50% already");
  EXPECT_NE(refused("berth_a", wish("50%", {0, 1})), "granted");
  EXPECT_NE(refused("berth_a", wish("50%", {0}, true)), "granted");
}

TEST_F(LedgerTest, MakesAGroupAgainThatAnotherProgramRemoved) {
  must("berth_a", wish("50%", {0}));
  const std::string before = everything();
  resctrl_.remove("berth_a");
  must("berth_a", wish("50%", {0}));
  EXPECT_EQ(everything(), before);
  resctrl_.remove("berth_a");
  resctrl_.default_group().write({{{"L3", {{0, 0x7ff}}}}});
  EXPECT_THAT(settle({"berth_a"}), ElementsAre("gave the default group what it is left with",
                                               "gave group 'berth_a' of job 12 its ways again"));
  EXPECT_EQ(everything(), before);
}

TEST_F(LedgerTest, ARefusalChangesNothing) {
  EXPECT_EQ(refused("berth_a", wish("11w", {0})),
            "L3 0: 11 of 11 ways asked, 9 free (default keeps 1, I/O shares 1)");
  EXPECT_EQ(everything(), untouched_);
  EXPECT_TRUE(list_dir(tree_.state_dir()).empty());
}

TEST_F(LedgerTest, TouchesOnlyGroupsOfItsOwn) {
  EXPECT_THROW(ask("COS1", wish("1w", {0})), Error);
  EXPECT_THROW(back("COS1"), Error);
  tree_.add_stranger("COS1", "L3:0=3\n");
  must("berth_a", wish("2w", {0}));
  EXPECT_EQ(tree_.schemata("berth_a"), "L3:0=c;1=400\nMB:0=100;1=100\n");
  settle({});
  EXPECT_EQ(everything(), untouched_ + "COS1L3:0=3;1=7ff\nMB:0=100;1=100\n");
}

TEST_F(LedgerTest, CountsWhatAnAdministratorGaveAGroupOfOurs) {
  must("berth_a", wish("2w", {0}));
  resctrl_.find("berth_a")->write({{{"L3", {{0, 0xf}}}}});
  must("berth_b", wish("2w", {0}));
  EXPECT_EQ(tree_.schemata("berth_b"), "L3:0=30;1=400\nMB:0=100;1=100\n");
}

TEST_F(LedgerTest, AFailureAnywhereLeavesNothingBehind) {
  must("berth_a", wish("2w", {0}));
  const std::string before = everything();
  const std::pair<const char*, const char*> calls[] = {
      {"assign", ""}, {"make", "berth_b"}, {"assign", "berth_b"}};
  for (const auto& [call, group] : calls) {
    bool failed = false;  // once: undoing must work
    tree_.interfere([&](const std::string& c, const std::string& g) {
      return c == call && g == group && !std::exchange(failed, true) ? EINVAL : 0;
    });
    EXPECT_THROW(ask("berth_b", wish("2w", {0})), Error) << call << group;
    EXPECT_TRUE(failed);
    EXPECT_EQ(everything(), before) << call << group;
  }
}

TEST_F(LedgerTest, WhatCannotBeUndoneStaysRecordedForReconcile) {
  tree_.interfere([](const std::string& call, const std::string& group) {
    return group == "berth_a" && call != "make" ? EIO : 0;
  });
  try {
    ask("berth_a", wish("2w", {0}));
    FAIL() << "no exception";
  } catch (const Error& e) {
    EXPECT_THAT(e.message(), HasSubstr("and undoing it failed: remove resctrl group 'berth_a'"));
  }
  EXPECT_TRUE(ledger().groups.contains("berth_a"));
  tree_.interfere({});
  EXPECT_THAT(settle({}), ElementsAre("removed group 'berth_a' of job 12",
                                      "gave the default group what it had before"));
  EXPECT_EQ(everything(), untouched_);
}

TEST_F(LedgerTest, WaitsForMonitoringIdsWithoutTheLock) {
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
  must("berth_a", wish("2w", {0}));
  other.join();
  EXPECT_EQ(default_while_waiting, "L3:0=7ff;1=7ff\nMB:0=100;1=100\n");
  EXPECT_EQ(tree_.schemata(), "L3:0=7fc;1=7ff\nMB:0=100;1=100\n");
}

// Runs `act` in a child that dies, as by kill -9, right before its n-th call of the kernel; false
// where it made fewer calls than that.
template <class F>
bool dies_before(ResctrlTree& tree, int n, F act) {
  const pid_t child = ::fork();
  if (child == 0) {
    int calls = 0;
    tree.interfere([&](const std::string&, const std::string&) {
      if (++calls == n) ::_exit(9);
      return 0;
    });
    act();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WEXITSTATUS(status) == 9;
}

TEST_F(LedgerTest, ReconcileRestoresAllAfterADeathBeforeAnyCall) {
  must("berth_a", wish("2w", {0, 1}));
  const std::string with_a = everything();
  int deaths = 0;
  for (int n = 1; dies_before(tree_, n, [&] { ask("berth_b", wish("4w", {0})); }); ++n) {
    ++deaths;
    settle({"berth_a"});
    EXPECT_EQ(everything(), with_a) << "in take, before call " << n;
  }
  EXPECT_EQ(deaths, 3) << "shrink, make, assign";
  for (int n = 1, more = 1; more != 0; ++n) {
    must("berth_b", wish("4w", {0}));
    more = dies_before(tree_, n, [&] { back("berth_b"); }) ? 1 : 0;
    deaths += more;
    settle({"berth_a"});
    EXPECT_EQ(everything(), with_a) << "in give_back, before call " << n;
  }
  EXPECT_EQ(deaths, 5) << "and remove, grow";
  settle({});
  EXPECT_EQ(everything(), untouched_);
}

TEST_F(LedgerTest, ADeathInReconcileIsMendedByTheNext) {
  for (int n = 1, more = 1; more != 0; ++n) {
    must("berth_a", wish("2w", {0, 1}));
    must("berth_b", wish("4w", {0}));
    more = dies_before(tree_, n, [&] { settle({}); }) ? 1 : 0;
    settle({});
    EXPECT_EQ(everything(), untouched_) << n;
  }
}

TEST_F(LedgerTest, ReconcileRemovesWhatAnUnfinishedWriteLeft) {
  must("berth_a", wish("2w", {0}));
  open_file(tree_.state_dir(), ".rdt.json.4711", O_WRONLY | O_CREAT, 0644);
  settle({"berth_a"});
  EXPECT_THAT(list_dir(tree_.state_dir()), ElementsAre("rdt.json"));
}

TEST_F(LedgerTest, ALeftoverWithoutRecordIsReplacedUnlessItHasTasks) {
  tree_.add_stranger("berth_a", "L3:0=ff\n");
  must("berth_a", wish("9w", {0}));
  EXPECT_EQ(tree_.schemata("berth_a"), "L3:0=1ff;1=400\nMB:0=100;1=100\n");
  tree_.add_stranger("berth_b", "L3:0=ff\n");
  tree_.write("berth_b/tasks", "17\n");
  EXPECT_THROW(ask("berth_b", wish("1w", {1})), Error);
}

TEST_F(LedgerTest, ReconcileKillsTheTasksOfTheDeadWhereAsked) {
  must("berth_a", wish("2w", {0}));
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  tree_.write("berth_a/tasks",
              "0\n1\n" + std::to_string(::getpid()) + "\n" + std::to_string(child) + "\n");
  int status = 0;
  std::jthread kernel([&] {
    ::waitpid(child, &status, 0);
    tree_.write("berth_a/tasks", "");
  });
  EXPECT_THAT(settle({}, true), ElementsAre("removed group 'berth_a' of job 12",
                                            "gave the default group what it had before"));
  kernel.join();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F(LedgerTest, ReconcileSaysWhatBecameOfTasksItDidNotKill) {
  must("berth_a", wish("2w", {0}));
  const pid_t zombie = ::fork();
  if (zombie == 0) ::_exit(0);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(zombie), &info, WEXITED | WNOWAIT);
  tree_.write("berth_a/tasks", std::to_string(::getpid()) + "\n" + std::to_string(::getppid()) +
                                   "\n" + std::to_string(zombie) + "\n");
  EXPECT_THAT(settle({}), ElementsAre("removed group 'berth_a' of job 12, its 2 tasks are in the "
                                      "default group now",
                                      "gave the default group what it had before"));
  ::waitpid(zombie, nullptr, 0);
}

TEST_F(LedgerTest, ReconcileAsksUnderTheLock) {
  must("berth_a", wish("2w", {0}));
  int asked = 0;
  reconcile(
      resctrl_, tree_.state_dir(),
      [&](const std::string& name, const LedgerGroup* recorded) {
        ++asked;
        EXPECT_EQ(name, "berth_a");
        EXPECT_EQ(recorded->purpose, "job 12");
        EXPECT_THROW((void)resctrl_.lock(std::chrono::milliseconds(0)), Error);
        return true;
      },
      true);
  EXPECT_EQ(asked, 2);
  EXPECT_TRUE(resctrl_.find("berth_a"));
}

TEST_F(LedgerTest, NothingToReconcileTouchesNothing) {
  resctrl_.default_group().write({{{"L3", {{0, 0xff}}}}});
  const std::string before = everything();
  EXPECT_TRUE(settle({}).empty());
  EXPECT_EQ(everything(), before);
  EXPECT_TRUE(list_dir(tree_.state_dir()).empty());
}

TEST_F(LedgerTest, ADamagedFileIsAnErrorNotAnEmptyLedger) {
  for (const char* text : {"", "{", "[]", "{\"version\":2}",
                           "{\"version\":1,\"default_before\":{\"x\":\"7ff\"},\"groups\":{}}",
                           "{\"version\":1,\"default_before\":{\"0\":\"zz\"},\"groups\":{}}",
                           "{\"version\":1,\"default_before\":{},\"groups\":{\"berth_a\":{}}}"}) {
    replace_file(tree_.state_dir(), "rdt.json", text, 0644);
    EXPECT_THROW(ledger(), Error) << text;
  }
}

TEST_F(LedgerTest, KeepsAPurposeThatIsNotUtf8) {
  take(resctrl_, tree_.state_dir(), "berth_a", "job \xff", wish("1w", {0}), 1);
  EXPECT_THAT(ledger().groups.at("berth_a").purpose, HasSubstr("job "));
}

TEST_F(LedgerTest, SeveralProcessesTakeTurns) {
  std::vector<pid_t> children;
  for (int who = 0; who < 4; ++who) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    const std::string name = "berth_" + std::to_string(who);
    int granted = 0;
    try {
      for (int i = 0; i < 25; ++i) {
        const Wish what = wish(std::to_string(1 + (who + i) % 4) + "w", {0, 1});
        if (std::holds_alternative<Holding>(ask(name, what))) ++granted;
        back(name);
      }
    } catch (const std::exception& e) {
      // Never back into the test: its end would take the tree from under the others.
      std::fprintf(stderr, "%s: %s\n", name.c_str(), e.what());
      ::_exit(2);
    }
    ::_exit(granted > 0 ? 0 : 1);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(everything(), untouched_);
}

TEST_F(LedgerTest, RandomSequencesKeepTheKernelSoundAndEndWhereTheyBegan) {
  std::mt19937 random(7);
  const auto below = [&](size_t n) { return random() % n; };
  int granted = 0;
  for (int step = 0; step < 2500; ++step) {
    const std::string name = "berth_" + std::to_string(below(9));
    if (ledger().groups.contains(name)) {
      back(name);
    } else {
      const bool both = below(3) == 0;
      const unsigned one = static_cast<unsigned>(below(2));
      const Wish what = both ? wish(std::to_string(1 + below(5)) + "w", {0, 1}, below(4) == 0)
                             : wish(std::to_string(1 + below(60)) + "%", {one}, below(4) == 0);
      granted += std::holds_alternative<Holding>(ask(name, what)) ? 1 : 0;
    }
    const Ledger held = ledger();
    for (const unsigned id : {0U, 1U}) {
      const auto in_kernel = [&](const std::string& group) {
        return WayMask(parse_schemata(tree_.schemata(group)).resources.at("L3").at(id));
      };
      WayMask seen = in_kernel("") | WayMask(0x600);
      ASSERT_TRUE(in_kernel("").contiguous() && in_kernel("").contains(WayMask(0x400)));
      for (const auto& [group, recorded] : held.groups) {
        ASSERT_EQ(in_kernel(group), recorded.job.at(id));
        if (!recorded.exclusive || !recorded.ways.contains(id)) continue;
        ASSERT_FALSE(in_kernel(group).intersects(seen)) << group << " at step " << step;
        seen = seen | in_kernel(group);
      }
    }
  }
  EXPECT_GT(granted, 500);
  for (const auto& [name, group] : ledger().groups) back(name);
  EXPECT_EQ(everything(), untouched_);
}

}  // namespace
}  // namespace berth::rdt
