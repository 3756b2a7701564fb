// take and give_back on a tree: what the kernel holds and the ledger says, whatever happens on the
// way.
#include "rdt/ledger.h"
#include "rdt/tasks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <random>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "tests/rdt/claims.h"
#include "tests/rdt/node.h"
#include "tests/support/message_of.h"

namespace berth::rdt {
namespace {

using testing::HasSubstr;

class LedgerTest : public Claims {};

TEST_F(LedgerTest, TakesAndGivesBack) {
  const Holding holding = must("job_1", "50%", {1});
  EXPECT_EQ(everything(),
            "default L3:0=7ff;1=7c0 MB:0=100;1=100\n"
            "berth_1 L3:0=400;1=3f MB:0=100;1=100 [job_1]\n"
            "ledger berth_1 job_1\n");
  EXPECT_EQ(holding.place, (Place{"berth_1", "job_1"}));
  EXPECT_GT(holding.locked_seconds, holding.decide_seconds);
  EXPECT_GT(holding.decide_seconds, 0);
  EXPECT_EQ(ledger(), holding.grant.layout);
  EXPECT_EQ(ledger().original.l3, (std::vector<Masks>{{WayMask(0x7ff), WayMask(0x7ff)},
                                                      {WayMask(0x7ff), WayMask(0x7ff)}}));
  EXPECT_EQ(place_of(ledger(), "job_1"), holding.place);
  EXPECT_EQ(place_of(ledger(), "job_2"), std::nullopt);
  back("job_1");
  EXPECT_EQ(everything(), untouched_);
  EXPECT_EQ(ledger(), Layout());
  back("job_1");
  EXPECT_EQ(everything(), untouched_) << "what is given back is given back";
}

TEST_F(LedgerTest, ClaimsWithoutACommonDomainShareAGroup) {
  must("job_1", "4w", {0});
  EXPECT_TRUE(must("job_2", "3w", {1}).grant.packed);
  EXPECT_EQ(everything(),
            "default L3:0=7f0;1=7f8 MB:0=100;1=100\n"
            "berth_1 L3:0=f;1=7 MB:0=100;1=100 [job_1 job_2]\n"
            "ledger berth_1 job_1 job_2\n");
  back("job_1");
  EXPECT_EQ(everything(),
            "default L3:0=7ff;1=7f8 MB:0=100;1=100\n"
            "berth_1 L3:0=400;1=7 MB:0=100;1=100 [job_2]\n"
            "ledger berth_1 job_2\n");
  back("job_2");
  EXPECT_EQ(everything(), untouched_);
}

TEST_F(LedgerTest, GrowsTheDefaultBackToWhatItWasBeforeTheFirstGroup) {
  resctrl_.default_group().write({{{"L3", {{0, 0x7f0}, {1, 0x3ff}}}}});
  const std::string before = everything();
  must("job_1", "5w", {0, 1});
  must("job_2", "2w", {1});
  EXPECT_EQ(tree_.schemata(), "L3:0=7e0;1=380\nMB:0=100;1=100\n");
  back("job_1");
  EXPECT_EQ(tree_.schemata(), "L3:0=7f0;1=380\nMB:0=100;1=100\n");
  back("job_2");
  EXPECT_EQ(everything(), before);
}

TEST_F(LedgerTest, LeavesTheDefaultGroupsRatesAlone) {
  must("job_1", bandwidth_wish("50%", {0}));
  EXPECT_EQ(tree_.schemata("berth_1"), "L3:0=7ff;1=400\nMB:0=50;1=100\n");
  resctrl_.default_group().write({{{"MB", {{0, 30}}}}});
  back("job_1");
  EXPECT_EQ(everything(), "default L3:0=7ff;1=7ff MB:0=30;1=100\n");
}

TEST_F(LedgerTest, GivesTheSameAgainForTheSameWishAndRefusesAnother) {
  const Holding first = must("job_1", "50%", {0});
  const std::string before = everything();
  const Holding again = must("job_1", "50%", {0});
  EXPECT_EQ(again.place, first.place);
  EXPECT_EQ(again.grant.layout, first.grant.layout);
  EXPECT_EQ(refused("job_1", wish_for("6w", {0})), "job 1 holds 50% already");
  EXPECT_EQ(refused("job_1", wish_for("50%", {0, 1})), "job 1 holds 50% already");
  EXPECT_EQ(everything(), before);
}

TEST_F(LedgerTest, MakesAgainWhatAnotherProgramRemoved) {
  must("job_1", "50%", {0});
  must("job_2", "50%", {1});
  const std::string before = everything();
  resctrl_.remove("berth_1");
  must("job_1", "50%", {0});
  EXPECT_EQ(everything(), before);
  resctrl_.find("berth_1")->remove_monitor("job_1");
  must("job_1", "50%", {0});
  EXPECT_EQ(everything(), before);
}

TEST_F(LedgerTest, PutsRightWhatAnAdministratorGaveAGroupOfOurs) {
  must("job_1", "2w", {0});
  resctrl_.find("berth_1")->write({{{"L3", {{0, 0xf}}}}});
  must("job_2", "2w", {0});
  EXPECT_EQ(tree_.schemata("berth_1"), "L3:0=3;1=400\nMB:0=100;1=100\n");
  EXPECT_EQ(tree_.schemata("berth_2"), "L3:0=c;1=400\nMB:0=100;1=100\n");
}

TEST_F(LedgerTest, ARefusalChangesNothing) {
  EXPECT_EQ(refused("job_1", wish_for("11w", {0})),
            "L3 0: 11 of 11 ways asked, 9 free (default keeps 1, I/O shares 1)");
  EXPECT_EQ(everything(), untouched_);
  EXPECT_THAT(list_dir(tree_.state_dir()), testing::ElementsAre("rdt-capability.json"));
}

TEST_F(LedgerTest, TouchesOnlyGroupsOfItsOwn) {
  tree_.add_stranger("COS1", "L3:0=3\n");
  tree_.add_stranger("berth_1", "L3:0=c\n");
  must("job_1", "2w", {0});
  EXPECT_EQ(tree_.schemata("berth_2"), "L3:0=30;1=400\nMB:0=100;1=100\n")
      << "a group with our prefix that we did not make has its ways";
  back("job_1");
  EXPECT_EQ(everything(),
            "default L3:0=7ff;1=7ff MB:0=100;1=100\n"
            "COS1 L3:0=3;1=7ff MB:0=100;1=100 []\n"
            "berth_1 L3:0=c;1=7ff MB:0=100;1=100 []\n");
}

TEST_F(LedgerTest, AFailedReleaseGoesAsFarAsItCan) {
  must("job_1", "2w", {0});
  must("job_2", "3w", {0});
  fail("remove", "berth_1", EPERM);
  EXPECT_EQ(test::message_of([&] { back("job_1"); }),
            "remove 'berth_1': remove resctrl group 'berth_1': operation not permitted");
  EXPECT_EQ(ledger().member("job_1"), nullptr);
  tree_.interfere({});
  settle({"job_2"});
  EXPECT_EQ(everything(),
            "default L3:0=7e0;1=7ff MB:0=100;1=100\n"
            "berth_2 L3:0=1c;1=400 MB:0=100;1=100 [job_2]\n"
            "ledger berth_2 job_2\n");
}

TEST_F(LedgerTest, JoinsAThreadAndTellsWhoIsThere) {
  const Holding holding = must("job_1", "2w", {0});
  tree_.write("berth_1/mon_groups/job_1/tasks", "");
  EXPECT_TRUE(open_place(resctrl_, holding.place).add(17));
  resctrl_.find("berth_1")->make_monitor("job_1.0");
  tree_.write("berth_1/mon_groups/job_1.0/tasks", "18\n");
  resctrl_.find("berth_1")->make_monitor("job_12");
  tree_.write("berth_1/mon_groups/job_12/tasks", "19\n");
  EXPECT_THAT(tasks_at(resctrl_, holding.place), testing::ElementsAre(17, 18));
  EXPECT_THAT(tasks_at(resctrl_, {"berth_1", ""}), testing::ElementsAre(17));
  EXPECT_THAT(tasks_at(resctrl_, {"berth_7", ""}), testing::IsEmpty());
  EXPECT_THROW(open_place(resctrl_, {"berth_7", ""}), Error);
}

// Whoever ends a claim kills what is there: nobody else's tasks may be.
TEST(OwnPlace, IsWhereEverybodyIsTheClaims) {
  Layout layout;
  layout.groups.resize(3);
  layout.groups[0].name = "berth_1";
  layout.groups[0].members = {{"job_1", "", "", false, {}, {}}};
  layout.groups[1].name = "berth_2";
  layout.groups[1].members = {{"job_2", "", "", true, {}, {}}, {"job_3", "", "", true, {}, {}}};
  layout.groups[2].name = "berth_3";
  layout.groups[2].members = {{"job_4", "", "", false, {}, {}}, {"job_5", "", "", true, {}, {}}};
  EXPECT_EQ(own_place_of(layout, "job_1"), (Place{"berth_1", ""})) << "alone in its group";
  EXPECT_EQ(own_place_of(layout, "job_2"), (Place{"berth_2", "job_2"})) << "told apart";
  EXPECT_EQ(own_place_of(layout, "job_4"), std::nullopt) << "in a class with others, uncounted";
  EXPECT_EQ(own_place_of(layout, "job_5"), (Place{"berth_3", "job_5"}));
  EXPECT_EQ(own_place_of(layout, "job_6"), std::nullopt);
}

TEST_F(LedgerTest, ADamagedFileIsAnErrorNotAnEmptyLedger) {
  must("job_1", "2w", {0});
  const std::string whole = read_file(tree_.state_dir(), "rdt.json");
  const std::string kernel = tree_.schemata();
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("{\"version\":2}"),
        std::string("{\"version\":1,\"default_before\":{},\"groups\":{}}"),
        whole.substr(0, whole.size() / 2)}) {
    replace_file(tree_.state_dir(), "rdt.json", text, 0644);
    EXPECT_EQ(failed("job_2", wish_for("1w", {0})),
              "the ledger 'rdt.json' is damaged: it is not what berth writes");
    EXPECT_THROW(back("job_1"), Error);
    EXPECT_EQ(read_file(tree_.state_dir(), "rdt.json"), text);
  }
  EXPECT_EQ(tree_.schemata(), kernel);
}

TEST_F(LedgerTest, SeveralProcessesTakeTurns) {
  std::vector<pid_t> children;
  for (int who = 0; who < 4; ++who) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    const std::string name = "job_" + std::to_string(who);
    int granted = 0;
    try {
      for (int i = 0; i < 25; ++i) {
        const Wish what = wish_for(std::to_string(1 + (who + i) % 4) + "w", {0, 1});
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
  for (int step = 0; step < 1500; ++step) {
    const std::string name = "job_" + std::to_string(below(9));
    if (ledger().member(name) != nullptr) {
      back(name);
    } else {
      const bool both = below(3) == 0;
      const unsigned one = static_cast<unsigned>(below(2));
      Wish what = both ? wish_for(std::to_string(1 + below(5)) + "w", {0, 1})
                       : wish_for(std::to_string(1 + below(60)) + "%", {one});
      what.shared = below(4) == 0;
      granted += std::holds_alternative<Holding>(ask(name, what)) ? 1 : 0;
    }
    const Layout held = ledger();
    const Capability capability = resctrl_.capability();
    for (const size_t at : {0U, 1U}) {
      const auto in_kernel = [&](const std::string& group) {
        return WayMask(
            parse_schemata(tree_.schemata(group)).resources.at("L3").at(static_cast<unsigned>(at)));
      };
      WayMask seen = in_kernel("") | WayMask(0x600);
      ASSERT_TRUE(in_kernel("").contiguous() && in_kernel("").contains(WayMask(0x400)));
      for (const Clos& group : held.groups) {
        ASSERT_EQ(in_kernel(group.name),
                  masks_of(*capability.caches.l3, held, group, Cache::l3, at).data);
        if (group.slots.l3[at].hold != Hold::exclusive) continue;
        ASSERT_FALSE(in_kernel(group.name).intersects(seen)) << group.name << " at step " << step;
        seen = seen | in_kernel(group.name);
      }
    }
  }
  EXPECT_GT(granted, 300);
  for (int i = 0; i < 9; ++i) back("job_" + std::to_string(i));
  EXPECT_EQ(everything(), untouched_);
}

TEST_F(LedgerTest, SetsTheKernelsExclusiveModeWhereThePolicyWantsIt) {
  rules_.kernel_exclusive = true;
  must("job_1", "4w", {0});
  EXPECT_EQ(resctrl_.find("berth_1")->mode(), "exclusive");
  resctrl_.find("berth_1")->set_mode("shareable");
  must("job_1", "4w", {0});
  EXPECT_EQ(resctrl_.find("berth_1")->mode(), "exclusive") << "kept, and set again";
  back("job_1");
  EXPECT_EQ(everything(), untouched_);
}

class UnmonitoredLedgerTest : public Claims {
 protected:
  UnmonitoredLedgerTest() : Claims({.monitor = false}) {}
};

TEST_F(UnmonitoredLedgerTest, EachClaimHasAGroupOfItsOwn) {
  EXPECT_EQ(must("job_1", "4w", {0}).place, (Place{"berth_1", ""}));
  EXPECT_EQ(must("job_2", "3w", {1}).place, (Place{"berth_2", ""}));
  back("job_1");
  back("job_2");
  EXPECT_EQ(everything(), untouched_);
}

class AmdLedgerTest : public Claims {
 protected:
  AmdLedgerTest() : Claims({.shareable = 0, .min_bits = 0, .amd = true}) {}
};

TEST_F(AmdLedgerTest, RatesAreEighthsOfAGigabyte) {
  must("job_1", bandwidth_wish("2GBps", {1}));
  EXPECT_EQ(tree_.schemata("berth_1"), "L3:0=400;1=7ff\nMB:0=2048;1=16\n");
  back("job_1");
  EXPECT_EQ(everything(), "default L3:0=7ff;1=7ff MB:0=2048;1=2048\n");
}

class MbaMbpsLedgerTest : public Claims {
 protected:
  MbaMbpsLedgerTest() : Claims({.mba_mbps = true}) {}
};

TEST_F(MbaMbpsLedgerTest, RatesAreMebibytes) {
  must("job_1", bandwidth_wish("1GiBps", {1}));
  EXPECT_EQ(tree_.schemata("berth_1"), "L3:0=400;1=7ff\nMB:0=4294967295;1=1030\n")
      << "in steps of 10, as some kernels would make of it anyway";
  must("job_1", bandwidth_wish("1GiBps", {1}));
  back("job_1");
  EXPECT_EQ(everything(), "default L3:0=7ff;1=7ff MB:0=4294967295;1=4294967295\n");
}

class CdpLedgerTest : public Claims {
 protected:
  CdpLedgerTest() : Claims({.mb_closids = 0, .cdp = true, .l2_full = 0xff, .l2_domains = {0, 1}}) {}
};

TEST_F(CdpLedgerTest, CodeAndDataAndL2InOneTransaction) {
  const std::string before = everything();
  Wish wish = code_data_wish("1w", "2w", {0});
  wish.caches.l2 = cache_wish("50%");
  wish.domains.l2 = {{1, 1 << 20, 4, 4}};
  must("job_1", wish);
  EXPECT_EQ(everything(),
            "default L2:0=ff;1=f0 L3CODE:0=7f8;1=7ff L3DATA:0=7f8;1=7ff\n"
            "berth_1 L2:0=80;1=f L3CODE:0=4;1=400 L3DATA:0=3;1=400 [job_1]\n"
            "ledger berth_1 job_1\n");
  EXPECT_EQ(must("job_1", wish).place, (Place{"berth_1", "job_1"}));
  back("job_1");
  EXPECT_EQ(everything(), before);
}

}  // namespace
}  // namespace berth::rdt
