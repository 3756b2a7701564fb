#include "launcher/rdt_policy.h"

#include <gtest/gtest.h>

#include "tests/support/message_of.h"

namespace berth::launcher {
namespace {

using rdt::Amount;
using rdt::Bandwidth;

Amount amount(std::string_view text) {
  return rdt::parse_amount(text);
}

// Eleven ways of 1 MiB, of which the top two are I/O's too.
class Rules : public ::testing::Test {
 protected:
  Rules() {
    capability_.caches.l3 =
        rdt::CacheCapability{rdt::WayMask(0x7ff), rdt::WayMask(0x600), 1, 16, false, false, {0, 1}};
    domains_.l3 = {{0, 11 << 20, 4, 8}, {1, 11 << 20, 8, 8}};
  }
  // "" where nothing is refused.
  std::string refusal(const RdtRequest& request, const Asker& asker = kEve) const {
    return refusal_of(policy_, request, asker).value_or("");
  }
  std::string refusal_here(const RdtRequest& request) const {
    const JobCaches caches{capability_, domains_, policy_.layout};
    return refusal_of(policy_, request, kEve, &caches).value_or("");
  }
  static RdtRequest l3(std::string_view text) {
    RdtRequest request;
    request.l3 = amount(text);
    return request;
  }
  static RdtRequest code_and_data(std::string_view code, std::string_view data) {
    RdtRequest request;
    request.l3_code = amount(code);
    request.l3_data = amount(data);
    return request;
  }
  static RdtRequest mbw(std::string_view text) {
    RdtRequest request;
    request.mbw = rdt::parse_bandwidth(text);
    return request;
  }
  static RdtRequest of_class(std::string name) {
    RdtRequest request;
    request.rdt_class = std::move(name);
    return request;
  }
  RdtRule& rule() { return policy_.rules.emplace_back(); }
  RdtRule& rule_of_physics() {
    RdtRule& made = rule();
    made.accounts = {"physics"};
    return made;
  }

  inline static const Asker kEve{1000, "eve", "physics", "batch"};
  RdtPolicy policy_;
  rdt::Capability capability_;
  rdt::PerCache<std::vector<rdt::DomainShare>> domains_;
};

TEST_F(Rules, TheFirstThatFitsIsTheOne) {
  rule().users = {"adam", "eve"};
  rule().accounts = {"physics"};
  rule();
  EXPECT_EQ(rule_for(policy_, kEve), &policy_.rules[0]);
  EXPECT_EQ(rule_for(policy_, {1001, "bob", "physics", "batch"}), &policy_.rules[1]);
  EXPECT_EQ(rule_for(policy_, {1001, "bob", "biology", "batch"}), &policy_.rules[2]);
  policy_.rules.pop_back();
  EXPECT_EQ(rule_for(policy_, {1001, "bob", "biology", "batch"}), nullptr);
}

TEST_F(Rules, AllSelectorsOfARuleMustFit) {
  RdtRule& both = rule();
  both.users = {"eve"};
  both.accounts = {"physics"};
  both.partitions = {"debug"};
  EXPECT_EQ(rule_for(policy_, kEve), nullptr);
  EXPECT_NE(rule_for(policy_, {1000, "eve", "physics", "debug"}), nullptr);
  EXPECT_EQ(rule_for(policy_, {1000, "eve", "biology", "debug"}), nullptr);
  EXPECT_EQ(rule_for(policy_, {1000, "Eve", "physics", "debug"}), nullptr);
  EXPECT_EQ(rule_for(policy_, {1000, "", "", ""}), nullptr) << "who is unknown is nobody";
}

TEST_F(Rules, SlurmHasAccountsInLowerCaseThePolicyAsItLikes) {
  rule().accounts = {"Physics"};
  EXPECT_NE(rule_for(policy_, kEve), nullptr);
  EXPECT_EQ(rule_for(policy_, {1000, "eve", "physic", "batch"}), nullptr);
}

TEST_F(Rules, WithoutOneEverythingMayBeAskedFor) {
  EXPECT_EQ(refusal(l3("100%")), "");
  EXPECT_EQ(refusal(mbw("100%")), "");
}

TEST_F(Rules, AmountsOfOneUnitAreComparedAsTheyAre) {
  rule_of_physics().l3_max = amount("50%");
  EXPECT_EQ(refusal(l3("50%")), "");
  EXPECT_EQ(refusal(l3("60%")),
            "--l3=60% refused: the policy allows account 'physics' at most 50%");
  EXPECT_EQ(refusal(l3("60%"), {1, "bob", "biology", "batch"}), "");
  EXPECT_EQ(refusal(code_and_data("20%", "30%")), "");
  EXPECT_EQ(refusal(code_and_data("21%", "30%")),
            "--l3-code=21% --l3-data=30% refused: the policy allows account 'physics' at most 50%");
  policy_.rules[0].l3_max = amount("8MiB");
  EXPECT_EQ(refusal(l3("8MiB")), "");
  EXPECT_EQ(refusal(l3("8193KiB")),
            "--l3=8193KiB refused: the policy allows account 'physics' at most 8MiB");
  EXPECT_EQ(refusal(code_and_data("17179869183GiB", "2GiB")),
            "--l3-code=17179869183GiB --l3-data=2GiB refused: the policy allows account 'physics' "
            "at most 8MiB")
      << "no overflow";
}

TEST_F(Rules, AmountsOfDifferentUnitsAreComparedAsTheWaysTheyComeTo) {
  rule_of_physics().l3_max = amount("50%");
  EXPECT_EQ(refusal(l3("7w")), "") << "no machine, no comparison";
  EXPECT_EQ(refusal_here(l3("6w")), "") << "half of eleven, rounded up";
  EXPECT_EQ(refusal_here(l3("7w")),
            "--l3=7w refused: the policy allows account 'physics' at most 50% (6 of the 11 ways of "
            "L3 0)");
  EXPECT_EQ(refusal_here(l3("6MiB")), "");
  EXPECT_EQ(refusal_here(l3("6145KiB")),
            "--l3=6145KiB refused: the policy allows account 'physics' at most 50% (6 of the 11 "
            "ways of L3 0)");
  EXPECT_EQ(refusal_here(code_and_data("3w", "3MiB")), "");
  EXPECT_NE(refusal_here(code_and_data("3w", "4MiB")), "");
  policy_.rules[0].l3_max = amount("4w");
  EXPECT_EQ(refusal_here(l3("36%")), "");
  EXPECT_NE(refusal_here(l3("37%")), "");
}

TEST_F(Rules, EachCacheOfTheJobCounts) {
  rule_of_physics().l3_max = amount("auto");
  // Nine ways can be handed out: all but I/O's two, of which one is the floor.
  EXPECT_EQ(refusal_here(l3("4w")), "");
  EXPECT_EQ(refusal_here(l3("5w")),
            "--l3=5w refused: the policy allows account 'physics' at most auto (4 of the 11 ways "
            "of L3 0)");
  domains_.l3 = {domains_.l3[1]};
  EXPECT_EQ(refusal_here(l3("9w")), "");
  EXPECT_EQ(refusal_here(l3("10w")),
            "--l3=10w refused: the policy allows account 'physics' at most auto (9 of the 11 ways "
            "of L3 1)");
  policy_.layout.io_ways = true;
  EXPECT_EQ(refusal_here(l3("10w")), "") << "all but the floor";
}

TEST_F(Rules, BytesOfACacheOfUnknownSizeAreNotLetPass) {
  rule_of_physics().l3_max = amount("8MiB");
  domains_.l3[0].bytes = 0;
  EXPECT_EQ(refusal_here(l3("1w")),
            "--l3=1w refused: the policy allows account 'physics' at most 8MiB (the size of L3 0 "
            "is unknown)");
}

TEST_F(Rules, AutomaticIsNeverOverACeiling) {
  rule_of_physics().l3_max = amount("1w");
  EXPECT_EQ(refusal_here(l3("auto")), "");
  EXPECT_EQ(refusal(l3("auto")), "");
}

TEST_F(Rules, L2HasACeilingOfItsOwn) {
  RdtRule& made = rule_of_physics();
  made.l3_max = amount("10%");
  made.l2_max = amount("4w");
  RdtRequest request;
  request.l2 = amount("5w");
  EXPECT_EQ(refusal(request), "--l2=5w refused: the policy allows account 'physics' at most 4w");
  request.l2 = amount("4w");
  EXPECT_EQ(refusal(request), "");
}

TEST_F(Rules, BandwidthIsComparedWithTheCeilingOfItsUnit) {
  rule_of_physics().mbw_max = BandwidthAllocation{{rdt::parse_bandwidth("50%")}};
  EXPECT_EQ(refusal(mbw("50%")), "");
  EXPECT_EQ(refusal(mbw("60%")),
            "--mbw=60% refused: the policy allows account 'physics' at most 50%");
  EXPECT_EQ(refusal(mbw("1MBps")),
            "--mbw=1MBps refused: the policy allows account 'physics' at most 50%");
  policy_.rules[0].mbw_max->choices.push_back(rdt::parse_bandwidth("8GBps"));
  EXPECT_EQ(refusal(mbw("8GBps")), "");
  EXPECT_EQ(refusal(mbw("9GBps")),
            "--mbw=9GBps refused: the policy allows account 'physics' at most 8GBps");
}

TEST_F(Rules, WhatMayNotBeAskedForAtAllIsRefused) {
  RdtRule& made = rule();
  made.users = {"eve"};
  made.partitions = {"batch"};
  made.l3 = made.l2 = made.mbw = false;
  EXPECT_EQ(refusal(l3("1w")),
            "--l3=1w refused: the policy does not allow user 'eve', partition 'batch' to ask for "
            "L3");
  RdtRequest l2;
  l2.l2 = amount("1w");
  EXPECT_EQ(refusal(l2),
            "--l2=1w refused: the policy does not allow user 'eve', partition 'batch' to ask for "
            "L2");
  EXPECT_EQ(refusal(mbw("1%")),
            "--mbw=1% refused: the policy does not allow user 'eve', partition 'batch' to ask for "
            "memory bandwidth");
}

TEST_F(Rules, ExclusiveWaysMayBeForbidden) {
  rule().exclusive = false;
  EXPECT_EQ(refusal(l3("1w")),
            "--l3=1w refused: the policy allows everybody no exclusive ways; add --l3-share");
  RdtRequest shared = l3("1w");
  shared.shared = true;
  EXPECT_EQ(refusal(shared), "");
  EXPECT_EQ(refusal(mbw("10%")), "") << "no ways at all";
}

TEST_F(Rules, ClassesAreThoseOfThePolicyAndOfTheRule) {
  EXPECT_EQ(refusal(of_class("gold")), "--rdt-class=gold refused: the policy has no such class");
  policy_.partitions = {{"a", {}, {}, {{"gold", {}, {}}, {"silver", {}, {}}}},
                        {"b", {}, {}, {{"bronze", {}, {}}}}};
  EXPECT_EQ(refusal(of_class("gold")), "");
  EXPECT_EQ(refusal(of_class("tin")),
            "--rdt-class=tin refused: the policy has no such class; allowed are gold, silver, "
            "bronze");
  RdtRule& made = rule_of_physics();
  made.exclusive = false;
  EXPECT_EQ(refusal(of_class("gold")), "");
  made.classes = {"bronze"};
  EXPECT_EQ(refusal(of_class("bronze")), "");
  EXPECT_EQ(refusal(of_class("gold")),
            "--rdt-class=gold refused: the policy does not allow account 'physics' this class; "
            "allowed are bronze");
  made.classes->clear();
  EXPECT_EQ(refusal(of_class("bronze")),
            "--rdt-class=bronze refused: the policy does not allow account 'physics' this class");
  const auto found = find_class(policy_, "bronze");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->first, &policy_.partitions[1]);
  EXPECT_EQ(found->second, policy_.partitions[1].classes.data());
  EXPECT_FALSE(find_class(policy_, "b"));
}

TEST_F(Rules, AClampedRequestIsOneThatIsNotRefused) {
  RdtRule& made = rule_of_physics();
  made.l3_max = amount("50%");
  made.mbw_max = BandwidthAllocation{{rdt::parse_bandwidth("40%")}};
  made.exclusive = made.l2 = false;
  made.classes.emplace();
  RdtRequest wish = l3("auto");
  wish.l2 = amount("1w");
  wish.mbw = rdt::parse_bandwidth("60%");
  RdtRequest expected = l3("auto");
  expected.shared = true;
  expected.at_most.l3 = amount("50%");
  expected.mbw = rdt::parse_bandwidth("40%");
  EXPECT_EQ(clamped(policy_, wish, kEve), expected);
  EXPECT_EQ(refusal(clamped(policy_, wish, kEve)), "");

  EXPECT_EQ(clamped(policy_, mbw("30%"), kEve), mbw("30%")) << "not shared: there are no ways";
  EXPECT_EQ(clamped(policy_, mbw("1MBps"), kEve), mbw("40%")) << "they cannot be compared";
  EXPECT_EQ(clamped(policy_, of_class("gold"), kEve), RdtRequest{});
  const Asker bob{1, "bob", "biology", "batch"};
  EXPECT_EQ(clamped(policy_, wish, bob), wish) << "no rule of his";
  EXPECT_EQ(clamped(policy_, of_class("gold"), bob), RdtRequest{}) << "there is none";

  made.l3 = made.mbw = false;
  EXPECT_EQ(clamped(policy_, wish, kEve), RdtRequest{});
}

TEST_F(Rules, AClassIsNotClamped) {
  policy_.partitions = {{"a", {}, {}, {{"gold", {}, {}}}}};
  RdtRule& made = rule_of_physics();
  made.l3_max = amount("1w");
  made.exclusive = false;
  EXPECT_EQ(clamped(policy_, of_class("gold"), kEve), of_class("gold"));
}

TEST(CacheAllocation, IsOfOneCacheOrElseOfAll) {
  const rdt::CacheWish all{amount("60%"), {}, {}}, other{amount("2w"), {}, {}};
  CacheAllocation allocation{all, {{3, other}}};
  EXPECT_EQ(*allocation.at(0), all);
  EXPECT_EQ(*allocation.at(3), other);
  allocation.all.reset();
  EXPECT_EQ(allocation.at(0), nullptr);
  EXPECT_EQ(allocation.wish(0, false), std::nullopt);
  EXPECT_EQ(allocation.wish(3, true), other);
}

TEST(CacheAllocation, ForCodeAndDataWhereTheMountTellsThemApart) {
  const rdt::CacheWish apart{{}, amount("20%"), amount("60%")};
  CacheAllocation allocation{apart, {}};
  allocation.all->all = amount("70%");
  EXPECT_EQ(allocation.wish(0, true), apart);
  EXPECT_EQ(allocation.wish(0, false), (rdt::CacheWish{amount("70%"), {}, {}}));
  allocation.all->all.reset();
  EXPECT_EQ(allocation.wish(0, false), apart) << "the engine says why it cannot be";
}

TEST(BandwidthOf, AShareIsOfThePartitionsAndARateAtMostThePartitions) {
  using Unit = Bandwidth::Unit;
  const auto of = [](std::vector<Bandwidth> whole, std::vector<Bandwidth> own, Unit unit) {
    RdtPartition partition;
    RdtClass one;
    if (!whole.empty()) partition.mb = BandwidthAllocation{std::move(whole)};
    if (!own.empty()) one.mb = BandwidthAllocation{std::move(own)};
    return bandwidth_of(partition, one, unit);
  };
  const Bandwidth half{Unit::percent, 50}, third{Unit::percent, 33};
  const Bandwidth slow{Unit::bytes_per_second, 1000}, fast{Unit::bytes_per_second, 2000};
  EXPECT_EQ(of({}, {}, Unit::percent), std::nullopt);
  EXPECT_EQ(of({half}, {}, Unit::percent), half);
  EXPECT_EQ(of({}, {half}, Unit::percent), half);
  EXPECT_EQ(of({half}, {half}, Unit::percent), (Bandwidth{Unit::percent, 25}));
  EXPECT_EQ(of({third}, {half}, Unit::percent), (Bandwidth{Unit::percent, 17})) << "rounded up";
  EXPECT_EQ(of({half, slow}, {half, fast}, Unit::bytes_per_second), slow);
  EXPECT_EQ(of({fast}, {half, slow}, Unit::bytes_per_second), slow);
  EXPECT_EQ(of({half}, {half}, Unit::bytes_per_second), std::nullopt);
}

}  // namespace
}  // namespace berth::launcher
