// Classes and their partitions; code and data apart; L2.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "rdt/allocate.h"
#include "tests/rdt/node.h"

namespace berth::rdt {
namespace {

using testing::ElementsAre;

// A class of partition `gold`, which has `region` of each L3.
Wish class_wish(const std::string& name, std::string_view region, std::string_view part,
                const std::vector<unsigned>& l3) {
  Wish wish = wish_for(part, l3);
  wish.of_class = ClassWish{"gold", name, {parse_amount(region), {}}};
  return wish;
}
Wish big(const std::vector<unsigned>& l3) {
  return class_wish("big", "50%", "100%", l3);
}
Wish small(const std::vector<unsigned>& l3) {
  return class_wish("small", "50%", "50%", l3);
}

std::string region(const Node& node) {
  std::string text;
  for (const Region& one : node.layout.regions) {
    text += one.partition + ":";
    for (const WayMask ways : one.ways.l3) text += " " + ways.to_hex();
  }
  return text;
}

TEST(Classes, HavePartsOfOneRegion) {
  Node node;
  node.take("a", big({0}));
  EXPECT_EQ(region(node), "gold: 3f 0");
  EXPECT_EQ(node.masks("a"), "0=3f;1=400");
  node.take("b", small({0}));
  EXPECT_EQ(region(node), "gold: 3f 0") << "it is there already";
  EXPECT_EQ(node.masks("b"), "0=7;1=400") << "half of the partition, not of the cache";
  EXPECT_EQ(node.masks(), "0=7c0;1=7ff");
}

TEST(Classes, AreOneGroupEachWhateverThePolicySaysOfPacking) {
  Node node;
  node.rules.packing = false;
  node.capability.monitor.reset();
  const Grant first = node.take("a", big({0}));
  EXPECT_FALSE(first.packed);
  const Grant second = node.take("b", big({0}));
  EXPECT_TRUE(second.packed);
  EXPECT_EQ(second.group, first.group);
  EXPECT_NE(node.take("c", small({0})).group, first.group);
  EXPECT_EQ(node.layout.find(first.group)->class_name, "big");
  EXPECT_EQ(node.layout.find(first.group)->partition, "gold");
}

TEST(Classes, TakeTheirPartitionToEachDomainThatTheyComeTo) {
  Node node;
  node.take("a", big({0}));
  node.take("b", big({1}));
  EXPECT_EQ(region(node), "gold: 3f 3f");
  EXPECT_EQ(node.masks("a"), "0=3f;1=3f");
  node.give_back("a");
  EXPECT_EQ(region(node), "gold: 0 3f");
  EXPECT_EQ(node.masks(), "0=7ff;1=7c0");
  node.give_back("b");
  EXPECT_EQ(region(node), "") << "nobody of it is there any more";
}

TEST(Classes, KeepOthersOffTheWholeRegion) {
  Node node;
  node.take("a", small({0}));
  EXPECT_EQ(node.masks("a"), "0=7;1=400");
  EXPECT_EQ(node.masks(), "0=7c0;1=7ff") << "the partition's, though no class has them now";
  node.take("b", "3w", {0});
  EXPECT_EQ(node.masks("b"), "0=1c0;1=400");
  EXPECT_EQ(node.refusal(shared_wish("4w", {0})), "L3 0: 4 of 11 ways asked, 2 free (jobs hold 9)");
}

TEST(Classes, DoNotShareAGroupWithOthers) {
  Node node;
  node.take("a", "4w", {0});
  EXPECT_FALSE(node.take("b", big({1})).packed);
  EXPECT_EQ(node.take("c", "3w", {1}).group, node.layout.group_of("a")->name);
}

TEST(Classes, WithoutAnAmountHaveAllOfThePartition) {
  Node node;
  Wish wish = big({0});
  wish.caches.l3.reset();
  node.take("a", wish);
  EXPECT_EQ(node.masks("a"), "0=3f;1=400");
}

TEST(Classes, OfAPartitionThatDoesNotDivideTheCacheUseItAsTheDefaultGroupDoes) {
  Node node;
  node.add_bandwidth();
  Wish wish = bandwidth_wish("50%", {0});
  wish.of_class = ClassWish{"slow", "all", {}};
  node.take("a", wish);
  EXPECT_EQ(node.masks("a"), "0=7ff;1=400");
  EXPECT_EQ(node.figures("a"), "0=50;1=100");
  EXPECT_TRUE(node.take("b", wish).packed);
}

TEST(Classes, AreRefusedWhatTheirPartitionDoesNotHave) {
  Node node;
  EXPECT_EQ(node.refusal(class_wish("big", "4w", "5w", {1})),
            "class 'big' wants 5 ways of L3 1, its partition 'gold' has 4");
  EXPECT_EQ(node.refusal(class_wish("big", "10w", "100%", {1})),
            "L3 1: 10 of 11 ways asked, 9 free (default keeps 1, I/O shares 1)");
}

TEST(Classes, MoveWithTheirPartition) {
  Node node;
  node.take("a", "2w", {0});
  node.take("b", class_wish("big", "4w", "100%", {0}));
  node.take("c", class_wish("small", "4w", "50%", {0}));
  node.give_back("a");
  EXPECT_EQ(region(node), "gold: 3c 0");
  EXPECT_THAT(told(node.take("d", "5w", {0}).moved), ElementsAre("gold: L3 0 3c->f"));
  EXPECT_EQ(region(node), "gold: f 0");
  EXPECT_EQ(node.masks("b"), "0=f;1=400");
  EXPECT_EQ(node.masks("c"), "0=3;1=400");
  EXPECT_EQ(node.masks("d"), "0=1f0;1=400");
}

class CodeAndData : public testing::Test {
 protected:
  CodeAndData() { node_.capability.caches.l3->code_data = true; }
  Node node_;
};

TEST_F(CodeAndData, LieSideBySideCodeAbove) {
  node_.take("a", code_data_wish("2w", "3w", {0}));
  EXPECT_EQ(node_.masks("a"), "0=7/18;1=400");
  EXPECT_EQ(node_.masks(), "0=7e0;1=7ff");
  node_.take("b", "2w", {0});
  EXPECT_EQ(node_.masks("b"), "0=60;1=400") << "one amount is for both";
}

TEST_F(CodeAndData, OfASharer) {
  Wish wish = code_data_wish("2w", "3w", {0});
  wish.shared = true;
  node_.take("s", wish);
  EXPECT_EQ(node_.masks("s"), "0=1c0/600;1=400");
  EXPECT_TRUE(node_.take("t", wish).packed);
  wish.caches.l3 = apart("3w", "2w");
  EXPECT_FALSE(node_.take("u", wish).packed) << "as many ways, otherwise divided";
}

TEST_F(CodeAndData, MoveTogether) {
  node_.take("a", "2w", {0});
  node_.take("b", code_data_wish("1w", "2w", {0}));
  node_.give_back("a");
  EXPECT_THAT(told(node_.take("c", "6w", {0}).moved), ElementsAre("berth_2: L3 0 1c->7"));
  EXPECT_EQ(node_.masks("b"), "0=3/4;1=400");
}

TEST_F(CodeAndData, GoTogether) {
  Wish wish = code_data_wish("1w", "1w", {0});
  wish.caches.l3->code.reset();
  EXPECT_EQ(node_.refusal(wish), "ways for code and ways for data go together");
  EXPECT_EQ(node_.refusal(code_data_wish("5w", "5w", {0})),
            "L3 0: 10 of 11 ways asked, 9 free (default keeps 1, I/O shares 1)");
}

TEST_F(CodeAndData, TheDefaultGroupGetsBothBackAsTheyWere) {
  node_.layout.original.l3 = {{WayMask(0x7f0), WayMask(0x7ff)}, {WayMask(0x7ff), WayMask(0x7ff)}};
  node_.take("a", "5w", {0});
  EXPECT_EQ(node_.masks("a"), "0=1f;1=400");
  EXPECT_EQ(node_.masks(), "0=7e0;1=7ff");
  node_.give_back("a");
  EXPECT_EQ(node_.masks(), "0=7f0/7ff;1=7ff");
}

class L2 : public testing::Test {
 protected:
  L2() { node_.add_l2(0xff, {0, 1, 2, 3}); }
  // L2 ways of the given L2s, below L3 0; of the L3 nothing.
  static Wish wish(std::string_view amount, const std::vector<unsigned>& l2) {
    Wish result = wish_for(amount, {0});
    result.caches.l2 = std::exchange(result.caches.l3, std::nullopt);
    for (const unsigned id : l2) result.domains.l2.push_back({id, 1 << 20, 4, 4});
    return result;
  }
  Node node_;
};

TEST_F(L2, IsDividedOnItsOwn) {
  node_.take("a", wish("50%", {0, 1}));
  EXPECT_EQ(node_.masks("a", Cache::l2), "0=f;1=f;2=80;3=80");
  EXPECT_EQ(node_.masks("a"), "0=7ff;1=400") << "L3 was not asked for";
  EXPECT_EQ(node_.masks("", Cache::l2), "0=f0;1=f0;2=ff;3=ff");
  EXPECT_EQ(node_.refusal(wish("4w", {1, 2})),
            "L2 1: 4 of 8 ways asked, 3 free (default keeps 1, jobs hold 4)");
}

TEST_F(L2, AndL3Together) {
  Wish both = wish("512KiB", {0, 1});
  both.caches.l3 = cache_wish("4w");
  node_.take("a", both);
  EXPECT_EQ(node_.masks("a"), "0=f;1=400");
  EXPECT_EQ(node_.masks("a", Cache::l2), "0=f;1=f;2=80;3=80");
}

TEST_F(L2, NotAskedForIsUsedAsTheDefaultGroupDoes) {
  Wish l3 = wish_for("4w", {0});
  l3.domains.l2 = {{0, 1 << 20, 4, 4}, {1, 1 << 20, 4, 4}};
  node_.take("a", l3);
  EXPECT_EQ(node_.masks("a", Cache::l2), "0=ff;1=ff;2=80;3=80");
  node_.take("b", wish("2w", {1}));
  EXPECT_EQ(node_.masks("a", Cache::l2), "0=ff;1=fc;2=80;3=80");
}

TEST_F(L2, IsRefusedByItsOwnName) {
  EXPECT_EQ(node_.refusal(wish("2w", {})), "the CPUs lie under no L2 cache");
  EXPECT_EQ(node_.refusal(wish("2w", {7})), "L2 7: resctrl does not know it (it has 0, 1, 2, 3)");
  EXPECT_EQ(node_.refusal(wish("9w", {0})), "L2 0: 9 ways asked, it has only 8");
}

TEST_F(L2, ClaimsThatMeetInL2AloneDoNotShareAGroup) {
  node_.take("a", wish("2w", {0}));
  Wish other = wish("2w", {0});
  other.domains.l3 = {{1, 11 << 20, 4, 8}};
  EXPECT_FALSE(node_.take("b", other).packed);
  other.domains.l2 = {{2, 1 << 20, 4, 4}};
  EXPECT_TRUE(node_.take("c", other).packed);
}

}  // namespace
}  // namespace berth::rdt
