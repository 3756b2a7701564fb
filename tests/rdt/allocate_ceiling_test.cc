// CacheWish::at_most: what the policy allows at most, held in each cache for itself.
#include <gtest/gtest.h>

#include <ostream>

#include "rdt/allocate.h"

namespace berth::rdt {
namespace {

// Two L3 of eleven ways of 1 MiB; the top two are I/O's too, so that nine can be handed out.
class AllocateCeiling : public ::testing::Test {
 protected:
  AllocateCeiling() {
    capability_.caches.l3 =
        CacheCapability{WayMask(0x7ff), WayMask(0x600), 1, 16, false, true, {0, 1}};
    capability_.max_groups = 15;
    domains_ = {{0, 11 << 20, 8, 8}, {1, 11 << 20, 2, 8}};
  }
  std::variant<Grant, Refusal> ask(const CacheWish& wish) const {
    Wish all;
    all.caches.l3 = wish;
    all.domains.l3 = domains_;
    all.monitored = false;
    return allocate(capability_, Layout{}, {}, "job_1", "job 1", all, Rules{});
  }
  // In each cache; for code and data `code+data`.
  std::vector<std::string> ways(const CacheWish& wish) const {
    const auto answer = ask(wish);
    if (const auto* refusal = std::get_if<Refusal>(&answer)) return {refusal->reason};
    std::vector<std::string> ways;
    for (const Slot& slot : std::get<Grant>(answer).layout.groups.at(0).slots.l3) {
      const std::string data = std::to_string(slot.data().count());
      ways.push_back(slot.code.empty() ? data : std::to_string(slot.code.count()) + "+" + data);
    }
    return ways;
  }
  static CacheWish wish(std::string_view amount, std::string_view most) {
    return {parse_amount(amount), {}, {}, parse_amount(most)};
  }
  static CacheWish apart(std::string_view code, std::string_view data, std::string_view most) {
    return {{}, parse_amount(code), parse_amount(data), parse_amount(most)};
  }

  using Ways = std::vector<std::string>;
  Capability capability_;
  std::vector<DomainShare> domains_;
};

TEST_F(AllocateCeiling, AutoHasNoMoreThanItInEachCache) {
  EXPECT_EQ(ways({parse_amount("auto"), {}, {}}), (Ways{"9", "2"}));
  EXPECT_EQ(ways(wish("auto", "4w")), (Ways{"4", "2"}));
  EXPECT_EQ(ways(wish("auto", "50%")), (Ways{"6", "2"}));
  EXPECT_EQ(ways(wish("auto", "3MiB")), (Ways{"3", "2"}));
  EXPECT_EQ(ways(wish("auto", "1w")), (Ways{"1", "1"}));
}

TEST_F(AllocateCeiling, AnyAmountIsHeldToIt) {
  EXPECT_EQ(ways(wish("60%", "4w")), (Ways{"4", "4"}));
  EXPECT_EQ(ways(wish("5w", "auto")), (Ways{"5", "2"}));
  EXPECT_EQ(ways(wish("2w", "50%")), (Ways{"2", "2"}));
}

TEST_F(AllocateCeiling, CodeAndDataAreHeldToItTogether) {
  EXPECT_EQ(ways(apart("2w", "3w", "5w")), (Ways{"2+3", "2+3"}));
  EXPECT_EQ(ways(apart("2w", "6w", "4w")), (Ways{"1+3", "1+3"}));
  EXPECT_EQ(ways(apart("1w", "8w", "3w")), (Ways{"1+2", "1+2"})) << "neither is left with none";
  EXPECT_EQ(ways(apart("1w", "1w", "1w")),
            (Ways{"the policy's ceiling leaves no ways for code and for data"}));
}

}  // namespace
}  // namespace berth::rdt
