#include "bench/cache/condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "bench/cache/experiment.h"

namespace berth::cache_bench {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

rdt::Capability with_cat_and_mba() {
  rdt::Capability capability;
  capability.caches.l3 =
      rdt::CacheCapability{rdt::WayMask(0x7ff), rdt::WayMask(0x600), 1, 16, false, false, {0, 1}};
  capability.throttles.mb = rdt::BandwidthCapability{};
  return capability;
}

Site xeon() {
  Site site;
  site.l3.bytes = uint64_t{11} << 20;
  site.ways = 11;
  site.root = true;
  site.rdt = with_cat_and_mba();
  site.beside = {1, 2, 3, 4, 5, 6};
  site.elsewhere = {8, 9};
  return site;
}

Wanted everything() {
  Wanted wanted;
  wanted.victims = {VictimKind::chase, VictimKind::requests};
  wanted.aggressors = {AggressorKind::read, AggressorKind::random};
  wanted.conditions.assign(kConditions.begin(), kConditions.end());
  return wanted;
}

size_t count_of(const Cells& cells, Condition condition) {
  return static_cast<size_t>(std::ranges::count(cells.cells, condition, &Cell::condition));
}

TEST(Cells, OfANodeThatHasAll) {
  const Cells cells = cells_of(xeon(), everything());
  EXPECT_THAT(cells.left_out, IsEmpty());
  EXPECT_EQ(count_of(cells, Condition::alone), 2U);
  EXPECT_EQ(count_of(cells, Condition::alone_at_mask), 2U);
  EXPECT_EQ(count_of(cells, Condition::shared), 2U * 2 * 3);  // 1, 3 and 6 aggressors
  EXPECT_EQ(count_of(cells, Condition::partitioned), 2U * 2 * 3);
  EXPECT_EQ(count_of(cells, Condition::partitioned_mba), 2U * 2 * 3);
  EXPECT_EQ(count_of(cells, Condition::other_socket), 2U * 2 * 2);  // 1 and 2
  EXPECT_EQ(count_of(cells, Condition::full_mask), 2U);
  EXPECT_THAT(cells.cells,
              Contains(Cell{VictimKind::chase, Condition::full_mask, AggressorKind::read, 6}));
}

TEST(Cells, WithoutCatWhatNeedsItIsLeftOutWithTheReason) {
  Site site = xeon();
  site.rdt.reset();
  site.elsewhere.clear();
  const Cells cells = cells_of(site, everything());
  std::vector<std::string> left_out;
  for (const LeftOut& one : cells.left_out) {
    left_out.push_back(one.what);
    EXPECT_FALSE(one.why.empty()) << one.what;
  }
  EXPECT_THAT(left_out, ElementsAre("alone-at-mask", "partitioned", "partitioned+mba",
                                    "other-socket", "full-mask"));
  EXPECT_EQ(count_of(cells, Condition::shared), 12U);
}

TEST(Cells, WhoIsNotRootOrHasNoMbaHearsSo) {
  Site user = xeon();
  user.root = false;
  EXPECT_THAT(missing(user, Condition::partitioned).value_or(""), HasSubstr("root"));
  Site no_mba = xeon();
  no_mba.rdt->throttles.mb.reset();
  EXPECT_THAT(missing(no_mba, Condition::partitioned_mba).value_or(""), HasSubstr("MBA"));
  EXPECT_EQ(missing(no_mba, Condition::partitioned), std::nullopt);
}

TEST(Cells, MoreAggressorsThanCoresAreLeftOut) {
  Wanted wanted = everything();
  wanted.counts = {2, 7};
  wanted.conditions = {Condition::shared};
  const Cells cells = cells_of(xeon(), wanted);
  EXPECT_THAT(cells.cells, SizeIs(4));
  ASSERT_THAT(cells.left_out, SizeIs(1));  // once, not for each victim
  EXPECT_EQ(cells.left_out[0].what, "shared, 7 aggressors");
}

TEST(Cells, AloneOnItsL3OnlyWhatNeedsNobodyBeside) {
  Site site = xeon();
  site.beside.clear();
  Wanted wanted = everything();
  const Cells cells = cells_of(site, wanted);
  for (const Cell& cell : cells.cells) {
    EXPECT_TRUE(!cell.aggressor || cell.condition == Condition::other_socket);
  }
}

TEST(Names, AreReadBackAndOthersRefusedWithWhatIsAllowed) {
  for (const Condition condition : kConditions) {
    EXPECT_EQ(condition_of("--condition", name_of(condition)), condition);
  }
  try {
    (void)condition_of("--condition", "quiet");
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.message(), HasSubstr("--condition: 'quiet': allowed is alone, alone-at-mask"));
  }
  EXPECT_THROW((void)victim_of("--victim", "write"), Error);
  EXPECT_THROW((void)aggressor_of("--aggressor", "chase"), Error);
}

TEST(Order, IsAPermutationAnotherOneInEachBlock) {
  const std::vector<size_t> one = order_of(20, 1, 0);
  std::vector<size_t> sorted = one;
  std::ranges::sort(sorted);
  for (size_t i = 0; i < sorted.size(); ++i) EXPECT_EQ(sorted[i], i);
  EXPECT_EQ(order_of(20, 1, 0), one);
  EXPECT_NE(order_of(20, 1, 1), one);
  EXPECT_NE(order_of(20, 2, 0), one);
}

TEST(FillIn, TakesHalfOfTheGrantableWaysAndThreeQuartersOfThem) {
  Settings settings;
  fill_in(settings, xeon(), uint64_t{11} << 20);
  EXPECT_EQ(settings.ways, 4U);  // of 9: two are I/O's too
  EXPECT_EQ(settings.working_set, uint64_t{3} << 20);
  EXPECT_GT(settings.aggressor_bytes, 0U);
  EXPECT_LE(settings.aggressor_bytes, uint64_t{22} << 20);
  settings.working_set = 100000;
  fill_in(settings, xeon(), uint64_t{11} << 20);
  EXPECT_EQ(settings.working_set % kLineBytes, 0U);
}

}  // namespace
}  // namespace berth::cache_bench
