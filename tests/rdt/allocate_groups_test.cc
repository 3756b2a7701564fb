// Which group a claim comes into: a new one, or one that others have already.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rdt/allocate.h"
#include "tests/rdt/node.h"

namespace berth::rdt {
namespace {

std::string group(const Node& node, const std::string& claim) {
  return node.layout.group_of(claim)->name;
}

TEST(Packing, ClaimsWithoutACommonDomainShareAGroup) {
  Node node;
  EXPECT_FALSE(node.take("a", "4w", {0}).packed);
  const Grant grant = node.take("b", "3w", {1});
  EXPECT_TRUE(grant.packed);
  EXPECT_EQ(grant.group, "berth_1");
  EXPECT_EQ(node.masks("b"), "0=f;1=7");
  EXPECT_EQ(node.masks(), "0=7f0;1=7f8");
}

TEST(Packing, WhereTheyMeetEachHasAGroup) {
  Node node;
  node.take("a", "4w", {0});
  EXPECT_FALSE(node.take("b", "4w", {0}).packed) << "the same wish for the same cache";
  EXPECT_FALSE(node.take("c", "1w", {0, 1}).packed);
  EXPECT_EQ(node.layout.groups.size(), 3U);
  EXPECT_EQ(node.take("d", "1w", {1}).group, "berth_1") << "the first that has room for it";
}

TEST(Packing, WhoLeavesTakesHisPartAlong) {
  Node node;
  node.take("a", "4w", {0});
  node.take("b", "3w", {1});
  node.give_back("a");
  EXPECT_EQ(node.masks("b"), "0=400;1=7");
  EXPECT_EQ(node.masks(), "0=7ff;1=7f8");
  EXPECT_TRUE(node.take("c", "2w", {0}).packed);
  EXPECT_EQ(node.masks("b"), "0=3;1=7");
  node.give_back("b");
  node.give_back("c");
  EXPECT_TRUE(node.layout.groups.empty());
}

TEST(Packing, IsNotWhereThePolicyDoesNotWantIt) {
  Node node;
  node.rules.packing = false;
  node.take("a", "4w", {0});
  EXPECT_FALSE(node.take("b", "3w", {1}).packed);
  EXPECT_EQ(node.masks("a"), "0=f;1=400");
  EXPECT_EQ(node.masks("b"), "0=400;1=7");
  node.take("s", shared_wish("3w", {0}));
  EXPECT_FALSE(node.take("t", shared_wish("3w", {0})).packed);
}

// Whose tasks are whose is told by the monitor groups alone.
TEST(Packing, IsNotWhereNothingIsMonitored) {
  Node node;
  node.capability.monitor.reset();
  node.take("a", "4w", {0});
  EXPECT_FALSE(node.layout.member("a")->monitored);
  EXPECT_FALSE(node.take("b", "3w", {1}).packed);
  node.take("s", shared_wish("3w", {0}));
  EXPECT_FALSE(node.take("t", shared_wish("3w", {0})).packed);
}

TEST(Packing, AClaimWithoutAMonitorGroupStaysAlone) {
  Node node;
  node.take("a", "4w", {0});
  Wish unmonitored = wish_for("3w", {1});
  unmonitored.monitored = false;
  EXPECT_FALSE(node.take("b", unmonitored).packed);
  EXPECT_FALSE(node.layout.member("b")->monitored);
  EXPECT_EQ(node.take("c", "3w", {1}).group, group(node, "a"));
  EXPECT_FALSE(node.take("d", "3w", {0}).packed) << "not with b, in whose group there is room";
}

TEST(Sharers, WithTheSameWishAreOneGroup) {
  Node node;
  node.take("s", shared_wish("3w", {0}));
  const Grant grant = node.take("t", shared_wish("3w", {0}));
  EXPECT_TRUE(grant.packed);
  EXPECT_EQ(node.masks("t"), "0=700;1=400");
  EXPECT_FALSE(node.take("u", shared_wish("4w", {0})).packed) << "another number of ways";
  EXPECT_EQ(node.masks("u"), "0=780;1=400");
  node.give_back("s");
  EXPECT_EQ(node.masks("t"), "0=700;1=400");
}

TEST(Sharers, MeetInEachOfTheirDomains) {
  Node node;
  node.take("s", shared_wish("3w", {0, 1}));
  EXPECT_TRUE(node.take("t", shared_wish("3w", {1})).packed);
  EXPECT_FALSE(node.take("u", shared_wish("2w", {0, 1})).packed);
  node.give_back("s");
  EXPECT_EQ(node.masks("t"), "0=400;1=700");
}

TEST(Sharers, NeverJoinAnExclusiveHolder) {
  Node node;
  node.take("a", "3w", {0});
  EXPECT_FALSE(node.take("s", shared_wish("3w", {0})).packed);
  EXPECT_FALSE(node.take("b", "3w", {0}).packed);
}

TEST(Rates, AreWrittenForTheClaimsDomainsAlone) {
  Node node;
  node.add_bandwidth();
  Wish wish = wish_for("4w", {1});
  wish.throttles.mb = parse_bandwidth("41%");
  node.take("a", wish);
  EXPECT_EQ(node.figures("a"), "0=100;1=50");
  node.take("b", "4w", {0});
  EXPECT_EQ(group(node, "b"), group(node, "a"));
  EXPECT_EQ(node.figures("b"), "0=100;1=50");
  node.give_back("a");
  EXPECT_EQ(node.figures("b"), "0=100;1=100");
}

TEST(Rates, OfOneDomainMustBeEqualToShareAGroup) {
  Node node;
  node.add_bandwidth();
  Wish wish = shared_wish("3w", {0});
  wish.throttles.mb = parse_bandwidth("50%");
  node.take("s", wish);
  EXPECT_TRUE(node.take("t", wish).packed);
  wish.throttles.mb = parse_bandwidth("45%");
  EXPECT_TRUE(node.take("u", wish).packed) << "45% is 50% to this hardware";
  wish.throttles.mb = parse_bandwidth("30%");
  EXPECT_FALSE(node.take("v", wish).packed);
  EXPECT_FALSE(node.take("w", shared_wish("3w", {0})).packed) << "no limit is another rate";
}

TEST(Rates, WithoutWaysAClaimUsesTheCacheAsTheDefaultGroupDoes) {
  Node node;
  node.add_bandwidth();
  node.take("a", bandwidth_wish("50%", {0}));
  EXPECT_EQ(node.masks("a"), "0=7ff;1=400");
  EXPECT_EQ(node.figures("a"), "0=50;1=100");
  EXPECT_TRUE(node.take("b", bandwidth_wish("50%", {0})).packed);
  EXPECT_FALSE(node.take("c", bandwidth_wish("20%", {0})).packed);
  node.take("d", "4w", {0});
  EXPECT_EQ(node.masks("a"), "0=7f0;1=400") << "it shrinks with the default group";
}

TEST(Rates, ThrottleOfSlowMemoryToo) {
  Node node;
  node.add_bandwidth();
  node.capability.throttles.smba =
      BandwidthCapability{BandwidthCapability::Unit::eighth_gb, 0, 1, 2048, 16, {0, 1}};
  Wish wish = bandwidth_wish("50%", {0});
  wish.throttles.smba = parse_bandwidth("2GBps");
  node.take("a", wish);
  EXPECT_EQ(node.layout.find("berth_1")->rates.smba, (std::vector<Rate>{{true, 16}, {}}));
  EXPECT_FALSE(node.take("b", bandwidth_wish("50%", {0})).packed);
}

TEST(KernelExclusive, TakesAWayOfEachDomainAndIsNeverShared) {
  Node node;
  node.rules.kernel_exclusive = true;
  const Grant grant = node.take("a", "4w", {0});
  EXPECT_TRUE(node.layout.find(grant.group)->kernel_exclusive);
  EXPECT_EQ(node.masks("a"), "0=f;1=1");
  EXPECT_EQ(node.masks(), "0=7f0;1=7fe");
  EXPECT_FALSE(node.take("b", "3w", {1}).packed);
  EXPECT_EQ(node.masks("b"), "0=10;1=e");
  node.give_back("a");
  EXPECT_EQ(node.masks(), "0=7e0;1=7f0");
}

TEST(KernelExclusive, IsRefusedWhereADomainHasNoWayLeft) {
  Node node;
  node.rules.kernel_exclusive = true;
  node.take("a", "8w", {0});
  node.take("b", "4w", {1});
  EXPECT_EQ(node.refusal("1w", {1}),
            "L3 0: 1 of 11 ways asked, 0 free (default keeps 1, jobs hold 9, I/O shares 1)");
}

TEST(KernelExclusive, IsNotForSharers) {
  Node node;
  node.rules.kernel_exclusive = true;
  node.take("s", shared_wish("3w", {0}));
  EXPECT_FALSE(node.layout.group_of("s")->kernel_exclusive);
  EXPECT_EQ(node.masks("s"), "0=700;1=400");
}

TEST(KernelExclusive, IsForWhoHasWaysOfEveryCacheThatIsDivided) {
  Node node;
  node.add_l2(0xff, {0, 1});
  node.add_bandwidth();
  node.rules.kernel_exclusive = true;
  node.take("l3", "4w", {0});
  EXPECT_FALSE(node.layout.group_of("l3")->kernel_exclusive) << "its L2 is the default group's too";
  EXPECT_EQ(node.masks("l3"), "0=f;1=400") << "and no way is spent on it elsewhere";
  node.take("mbw", bandwidth_wish("50%", {0}));
  EXPECT_FALSE(node.layout.group_of("mbw")->kernel_exclusive);
  Wish both = wish_for("2w", {0});
  both.caches.l2 = cache_wish("2w");
  both.domains.l2 = {{0, 1 << 20, 1, 1}};
  node.take("both", both);
  EXPECT_TRUE(node.layout.group_of("both")->kernel_exclusive);
  EXPECT_EQ(node.masks("both"), "0=30;1=1");
  EXPECT_EQ(node.masks("both", Cache::l2), "0=3;1=1");
}

TEST(KernelExclusive, IsNotForWaysThatDevicesFill) {
  Node node;
  node.rules.kernel_exclusive = node.rules.io_ways = true;
  node.take("a", "9w", {0});
  EXPECT_TRUE(node.layout.group_of("a")->kernel_exclusive);
  node.give_back("a");
  node.take("b", "10w", {0});
  EXPECT_FALSE(node.layout.group_of("b")->kernel_exclusive);
}

TEST(Groups, ThatTheHardwareHasAreTaken) {
  Node node;
  node.capability.max_groups = 3;
  node.take("a", "1w", {0});
  node.take("b", "1w", {0});
  node.add_stranger("COS1", {0, 0});
  EXPECT_EQ(node.refusal("1w", {0}),
            "all 3 groups that the hardware has are taken (2 of berth, 1 of others)");
  EXPECT_TRUE(node.take("c", "1w", {1}).packed) << "no group of its own is needed";
  EXPECT_TRUE(node.take("d", "1w", {1}).packed);
  EXPECT_EQ(node.refusal("1w", {1}),
            "all 3 groups that the hardware has are taken (2 of berth, 1 of others)");
}

TEST(Groups, HaveTheLowestNumberThatNobodyHas) {
  Node node;
  node.add_stranger("berth_2", {0, 0});
  for (const char* name : {"a", "b", "c"}) node.take(name, "1w", {0});
  EXPECT_EQ(group(node, "a"), "berth_1");
  EXPECT_EQ(group(node, "b"), "berth_3");
  EXPECT_EQ(group(node, "c"), "berth_4");
  node.give_back("b");
  node.take("d", "1w", {0});
  EXPECT_EQ(group(node, "d"), "berth_3");
}

}  // namespace
}  // namespace berth::rdt
