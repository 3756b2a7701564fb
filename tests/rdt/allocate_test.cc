// Which ways a claim gets on a node, and the line for who gets none.
#include "rdt/allocate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rdt/node.h"

namespace berth::rdt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Ways shared with I/O at both ends, as some servers have them.
Node io_at_both_ends() {
  Node node(0xfffff, 0xc0001);
  node.rules.floor_ways = 4;
  return node;
}

Node haswell() {
  Node node(0xfffff, 0xc0000, {0}, 2);
  node.rules.floor_ways = 2;
  return node;
}

TEST(Allocate, StacksJobsFromTheBottomAndLeavesTheDefaultTheTop) {
  Node node;
  node.take("a", "4w", {0});
  EXPECT_EQ(node.masks("a"), "0=f;1=400") << "where it has no CPUs: the floor";
  EXPECT_EQ(node.masks(), "0=7f0;1=7ff");
  node.take("b", "3w", {0, 1});
  EXPECT_EQ(node.masks("b"), "0=70;1=7");
  EXPECT_EQ(node.masks(), "0=780;1=7f8");
  EXPECT_EQ(node.masks("a"), "0=f;1=400") << "nobody is moved without need";
}

TEST(Allocate, IsTheSameForTheSameFacts) {
  Node node;
  node.take("a", "4w", {0});
  EXPECT_EQ(node.ask("b", wish_for("3w", {0, 1})), node.ask("b", wish_for("3w", {0, 1})));
}

TEST(Allocate, RecordsForWhomAndWhere) {
  Node node;
  const Grant grant = node.take("a", "4w", {1});
  EXPECT_EQ(grant.group, "berth_1");
  EXPECT_FALSE(grant.packed);
  EXPECT_THAT(grant.moved, IsEmpty());
  EXPECT_EQ(*node.layout.member("a"), (Member{"a", "job a", "4w", true, {{1}, {}}, {}}));
  EXPECT_EQ(node.layout.find("berth_1")->slots.l3,
            (std::vector<Slot>{{}, {Hold::exclusive, WayMask(0xf), {}}}));
}

TEST(Allocate, HalfOfElevenWaysIsSixAndFitsOnce) {
  Node node;
  node.rules.floor_ways = 2;
  node.take("a", "50%", {0, 1});
  EXPECT_EQ(node.masks("a"), "0=3f;1=3f");
  EXPECT_EQ(node.refusal("50%", {1}),
            "L3 1: 6 of 11 ways asked, 3 free (default keeps 2, jobs hold 6)");
  node.take("b", "3w", {1});
  EXPECT_EQ(node.masks(), "0=7c0;1=600");
}

TEST(Allocate, CountsBytesInWays) {
  Node node;
  node.take("a", "3MiB", {0});
  EXPECT_EQ(node.masks("a"), "0=7;1=400");
  node.take("b", "1025KiB", {0});
  EXPECT_EQ(node.masks("b"), "0=18;1=400");
}

TEST(Allocate, AutoIsTheCpusShareOfWhatCanBeHandedOut) {
  Node node;
  node.take("a", "auto", {0});
  EXPECT_EQ(node.masks("a"), "0=f;1=400") << "half of the CPUs, nine ways";
  Wish wish = wish_for("auto", {0});
  wish.domains.l3[0].cpus = 2;
  node.take("b", wish);
  EXPECT_EQ(node.masks("b"), "0=30;1=400") << "of what could be, not of what is left";
  wish.domains.l3[0].all_cpus = 64;
  node.take("c", wish);
  EXPECT_EQ(node.masks("c"), "0=40;1=400") << "never less than a way";
}

TEST(Allocate, GivesBackExactlyWhatTheDefaultHad) {
  Node node;
  node.layout.original.l3 = {{WayMask(0x3fc), WayMask(0x3fc)}, {WayMask(0x7ff), WayMask(0x7ff)}};
  node.take("a", "4w", {0});
  EXPECT_EQ(node.masks("a"), "0=f;1=400");
  EXPECT_EQ(node.masks(), "0=3f0;1=7ff");
  node.take("b", "2w", {0, 1});
  node.give_back("a");
  node.give_back("b");
  EXPECT_EQ(node.masks(), "0=3fc;1=7ff");
}

TEST(Allocate, FillsTheSmallestHoleThatFitsBeforeItShrinksTheDefault) {
  Node node = haswell();
  node.take("a", "3w", {0});
  for (const char* name : {"b", "c", "d"}) node.take(name, "2w", {0});
  node.give_back("a");
  node.give_back("c");
  node.take("e", "2w", {0});
  EXPECT_EQ(node.masks("e"), "0=60");
  node.take("f", "2w", {0});
  EXPECT_EQ(node.masks("f"), "0=3");
  EXPECT_EQ(node.masks(), "0=ffe00");
  node.take("g", "2w", {0});
  EXPECT_EQ(node.masks("g"), "0=600") << "one way is left below, too few";
}

TEST(Allocate, UsesWaysThatTheDefaultNeverHadFirst) {
  Node node;
  node.layout.original.l3 = {{WayMask(0x7f0), WayMask(0x7f0)}, {WayMask(0x7f0), WayMask(0x7f0)}};
  node.take("a", "4w", {0});
  EXPECT_EQ(node.masks("a"), "0=f;1=400");
  EXPECT_EQ(node.masks(), "0=7f0;1=7f0");
}

TEST(Allocate, KeepsOffWaysSharedWithIoAtBothEnds) {
  Node node = io_at_both_ends();
  node.take("a", "15w", {0});
  EXPECT_EQ(node.masks("a"), "0=fffe;1=f0000") << "above the shareable way 0";
  EXPECT_EQ(node.masks(), "0=f0000;1=fffff");
  EXPECT_EQ(node.refusal("16w", {1}),
            "L3 1: 16 of 20 ways asked, 15 free (default keeps 4, I/O shares 1)");
}

TEST(Allocate, KeepsOffWaysSharedWithIoInTheMiddle) {
  Node node(0x7ff, 0x30);
  EXPECT_EQ(node.refusal("5w", {0}),
            "L3 0: 5 of 11 ways asked, 8 free but only 4 side by side (default keeps 1, I/O "
            "shares 2)");
  node.take("a", "4w", {0});
  node.take("b", "4w", {0});
  EXPECT_EQ(node.masks("a"), "0=f;1=400");
  EXPECT_EQ(node.masks("b"), "0=3c0;1=400");
  EXPECT_EQ(node.masks(), "0=400;1=7ff");
}

TEST(Allocate, HandsOutWaysSharedWithIoWhereThePolicySaysSo) {
  Node node = io_at_both_ends();
  node.rules.io_ways = true;
  node.take("a", "16w", {0});
  EXPECT_EQ(node.masks("a"), "0=ffff;1=f0000");
  Node skylake;
  skylake.rules.io_ways = true;
  skylake.take("a", "10w", {0});
  EXPECT_EQ(skylake.masks("a"), "0=3ff;1=400");
}

TEST(Allocate, NeverGoesBelowTheHardwaresMinimum) {
  Node node = haswell();
  node.rules.floor_ways = 0;
  node.take("a", "1w", {0});
  EXPECT_EQ(node.masks("a"), "0=3");
  EXPECT_EQ(node.refusal("17w", {0}),
            "L3 0: 17 of 20 ways asked, 16 free (default keeps 2, jobs hold 2)");
}

TEST(Allocate, SharedWaysLieWhereTheDefaultsAre) {
  Node node;
  node.take("a", "4w", {0});
  node.take("s", shared_wish("3w", {0}));
  EXPECT_EQ(node.masks("s"), "0=700;1=400");
  EXPECT_EQ(node.masks(), "0=7f0;1=7ff") << "not shrunk";
  node.take("t", shared_wish("5w", {0}));
  EXPECT_EQ(node.masks("t"), "0=7c0;1=400");
  EXPECT_EQ(node.refusal(shared_wish("8w", {0})), "L3 0: 8 of 11 ways asked, 7 free (jobs hold 4)");
  EXPECT_EQ(node.refusal(shared_wish("12w", {0})), "L3 0: 12 ways asked, it has only 11");
  node.take("b", "2w", {0});
  EXPECT_EQ(node.masks("b"), "0=30;1=400");
  EXPECT_EQ(node.refusal("1w", {0}),
            "L3 0: 1 of 11 ways asked, 0 free (default keeps 1, jobs hold 10)");
}

TEST(Allocate, NeverHandsOutAStrangersWaysNorTakesThemOffTheDefault) {
  Node node;
  node.add_stranger("COS1", {0x1e, 0x7ff});
  node.take("a", "4w", {0});
  EXPECT_EQ(node.masks("a"), "0=1e0;1=400");
  EXPECT_EQ(node.masks(), "0=600;1=7ff");
  EXPECT_EQ(node.refusal("1w", {1}),
            "L3 1: 1 of 11 ways asked, 0 free (default keeps 1, groups not of berth ('COS1') hold "
            "10)");
  EXPECT_EQ(node.refusal(shared_wish("3w", {0})),
            "L3 0: 3 of 11 ways asked, 3 free but only 2 side by side (jobs hold 4, groups not of "
            "berth ('COS1') hold 4)");
}

TEST(Allocate, NamesAFewOfTheStrangersInTheWay) {
  Node node;
  node.add_stranger("elsewhere", {0, 0x7ff});
  for (const char* name : {"p", "q", "r", "s"}) node.add_stranger(name, {0x7ff, 0});
  EXPECT_EQ(node.refusal("1w", {0}),
            "L3 0: 1 of 11 ways asked, 0 free (default keeps 1, groups not of berth ('p', 'q', "
            "'r', ...) hold 10)");
}

TEST(Allocate, MasksWithHolesTakeAnyFreeWaysWhereTheHardwareHasThem) {
  Node node(0xffff, 0, {0, 8});
  node.capability.caches.l3->sparse = true;
  for (const char* name : {"a", "b", "c"}) node.take(name, "4w", {8});
  EXPECT_EQ(node.masks(), "0=ffff;8=f000");
  node.give_back("b");
  EXPECT_EQ(node.masks(), "0=ffff;8=f0f0");
  node.take("d", "6w", {8});
  EXPECT_EQ(node.masks("d"), "0=8000;8=30f0");
  EXPECT_EQ(node.masks(), "0=ffff;8=c000");
}

TEST(Allocate, KeepsAFloorThatIsLargerThanTheDefaultWas) {
  Node node;
  node.rules.floor_ways = 4;
  node.layout.original.l3 = {{WayMask(0x600), WayMask(0x600)}, {WayMask(0x7ff), WayMask(0x7ff)}};
  node.take("a", "9w", {0});
  EXPECT_EQ(node.masks(), "0=600;1=7ff");
  EXPECT_EQ(node.masks("a"), "0=1ff;1=780");
}

TEST(Allocate, TheFloorOfTheFirstGroupHoldsUntilTheLastOneGoes) {
  Node node;
  node.take("a", "2w", {0});
  node.rules.floor_ways = 4;
  EXPECT_EQ(node.masks("a"), "0=3;1=400");
  node.take("b", "2w", {0});
  EXPECT_EQ(node.masks("b"), "0=c;1=400") << "where it has no CPUs: as the others";
  EXPECT_EQ(node.refusal("4w", {0}),
            "L3 0: 4 of 11 ways asked, 3 free (default keeps 4, jobs hold 4)")
      << "what is handed out is by the policy of today";
  node.give_back("a");
  node.give_back("b");
  node.take("c", "2w", {0});
  EXPECT_EQ(node.masks("c"), "0=3;1=780");
}

TEST(AllocateRefuses, WhatNoMachineCouldGive) {
  Node node;
  EXPECT_EQ(node.refusal("12w", {1}), "L3 1: 12 ways asked, it has only 11");
  EXPECT_EQ(node.refusal("12MiB", {1}), "L3 1: 12 ways asked, it has only 11");
  EXPECT_EQ(node.refusal("4w", {0, 5}), "L3 5: resctrl does not know it (it has 0, 1)");
  EXPECT_EQ(node.refusal("4w", {}), "the CPUs lie under no L3 cache");
  Wish wish = wish_for("4MiB", {0});
  wish.domains.l3[0].bytes = 0;
  EXPECT_EQ(node.refusal(wish), "the size of the cache is unknown: ask for ways or a share");
}

TEST(AllocateRefuses, WhatThisMachineCannotDivideOrLimit) {
  Node node;
  Wish wish = wish_for("4w", {0});
  wish.caches.l2 = cache_wish("2w");
  EXPECT_EQ(node.refusal(wish), "this machine cannot divide its L2 (resctrl has no info/L2)");
  EXPECT_EQ(node.refusal(bandwidth_wish("50%", {0})),
            "this machine cannot limit memory bandwidth (resctrl has no info/MB)");
  wish = wish_for("4w", {0});
  wish.throttles.smba = parse_bandwidth("50%");
  EXPECT_EQ(node.refusal(wish),
            "this machine cannot limit memory bandwidth (resctrl has no info/SMBA)");
  node.add_bandwidth();
  EXPECT_EQ(node.refusal(bandwidth_wish("8GBps", {0})),
            "this node's memory bandwidth is limited by shares ('50%'), not by rates");
  node.capability.caches.l3.reset();
  EXPECT_EQ(node.refusal("4w", {0}), "this machine cannot divide its L3 (resctrl has no info/L3)");
}

TEST(AllocateRefuses, CodeAndDataApartOnAMountWithoutCdp) {
  Node node;
  node.add_l2(0xff, {0});
  Wish wish = wish_for("4w", {0});
  wish.caches.l3 = apart("2w", "2w");
  EXPECT_EQ(node.refusal(wish),
            "resctrl is mounted without cdp: code and data cannot be told apart");
  wish.caches.l3.reset();
  wish.caches.l2 = apart("2w", "2w");
  EXPECT_EQ(node.refusal(wish),
            "resctrl is mounted without cdpl2: code and data cannot be told apart");
}

TEST(Compaction, MovesTheFewestWaysUntilThereIsAHole) {
  Node node;
  for (const char* name : {"a", "b", "c", "d"}) node.take(name, "2w", {0});
  node.give_back("a");
  node.give_back("c");
  const Grant grant = node.take("e", "3w", {0});
  EXPECT_THAT(told(grant.moved), ElementsAre("berth_2: L3 0 c->3"));
  EXPECT_EQ(node.masks("b"), "0=3;1=400");
  EXPECT_EQ(node.masks("d"), "0=c0;1=400");
  EXPECT_EQ(node.masks("e"), "0=1c;1=400");
  EXPECT_EQ(node.masks(), "0=700;1=7ff");
}

TEST(Compaction, MovesSeveralWhereOneDoesNotDo) {
  Node node;
  for (const char* name : {"a", "b", "c", "d"}) node.take(name, "2w", {0});
  node.give_back("a");
  node.give_back("c");
  const Grant grant = node.take("e", "5w", {0});
  EXPECT_THAT(told(grant.moved), ElementsAre("berth_2: L3 0 c->3", "berth_4: L3 0 c0->c"));
  EXPECT_EQ(node.masks("e"), "0=1f0;1=400");
}

TEST(Compaction, MovesOnlyWhereItMust) {
  Node node;
  for (const char* name : {"a", "b", "c"}) node.take(name, "3w", {0, 1});
  node.give_back("a");
  node.give_back("c");
  const Grant grant = node.take("d", wish_for("3w", {0, 1}));
  EXPECT_THAT(grant.moved, IsEmpty());
  EXPECT_EQ(node.masks("d"), "0=7;1=7");
}

TEST(Compaction, DoesNotReachAcrossIoStrangersOrSharers) {
  Node node(0xfff, 0x60);
  node.take("a", "2w", {0});
  node.take("b", "2w", {0});
  node.give_back("a");
  EXPECT_EQ(node.masks("b"), "0=c;1=800");
  // Below the I/O's ways 3 are free, above 4: no move brings them together.
  EXPECT_EQ(node.refusal("5w", {0}),
            "L3 0: 5 of 12 ways asked, 7 free but only 4 side by side (default keeps 1, jobs hold "
            "2, I/O shares 2)");
  const Grant grant = node.take("c", "3w", {0});
  EXPECT_THAT(grant.moved, IsEmpty()) << "there is room above";
  EXPECT_EQ(node.masks("c"), "0=380;1=800");
  EXPECT_THAT(told(node.take("d", "3w", {0}).moved), ElementsAre("berth_2: L3 0 c->3"));
  EXPECT_EQ(node.masks("d"), "0=1c;1=800");
}

TEST(Compaction, IsNotWhereThePolicyDoesNotWantIt) {
  Node node;
  node.rules.compaction = false;
  for (const char* name : {"a", "b", "c", "d"}) node.take(name, "2w", {0});
  node.give_back("a");
  node.give_back("c");
  EXPECT_EQ(node.refusal("3w", {0}),
            "L3 0: 3 of 11 ways asked, 5 free but only 2 side by side (default keeps 1, jobs hold "
            "4, I/O shares 1)");
}

}  // namespace
}  // namespace berth::rdt
