#include "rdt/way_mask.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace berth::rdt {
namespace {

TEST(WayMask, IsMadeOfRuns) {
  EXPECT_EQ(WayMask::run(0, 11).bits(), 0x7ffU);
  EXPECT_EQ(WayMask::run(3, 2).bits(), 0x18U);
  EXPECT_EQ(WayMask::run(5, 0), WayMask());
  EXPECT_EQ(WayMask::run(0, 64).bits(), ~uint64_t{0});
  EXPECT_EQ(WayMask::run(63, 1).bits(), uint64_t{1} << 63);
  EXPECT_THROW(WayMask::run(60, 5), Error);
}

TEST(WayMask, ReadsTheKernelsHexWithAndWithoutPadding) {
  EXPECT_EQ(WayMask::parse("7ff").bits(), 0x7ffU);
  EXPECT_EQ(WayMask::parse("000f0").bits(), 0xf0U);
  EXPECT_EQ(WayMask::parse("FF").bits(), 0xffU);
  EXPECT_EQ(WayMask::parse("0"), WayMask());
  EXPECT_EQ(WayMask::run(2, 3).to_hex(), "1c");
  for (const char* bad : {"", "0x7", "g", "-1", "+1", "7 ", "1ffffffffffffffff"}) {
    EXPECT_THROW(WayMask::parse(bad), Error) << bad;
  }
}

TEST(WayMask, KnowsItsShape) {
  const WayMask two_runs(0b1110011);
  EXPECT_EQ(two_runs.count(), 5U);
  EXPECT_EQ(two_runs.lowest(), 0U);
  EXPECT_EQ(two_runs.highest(), 6U);
  EXPECT_FALSE(two_runs.contiguous());
  EXPECT_TRUE(WayMask(0b11100).contiguous());
  EXPECT_TRUE(WayMask(~uint64_t{0}).contiguous());
  EXPECT_FALSE(WayMask().contiguous());
  EXPECT_EQ(two_runs.runs(), (std::vector<WayMask>{WayMask(0b11), WayMask(0b1110000)}));
  EXPECT_EQ(WayMask(~uint64_t{0}).runs(), (std::vector<WayMask>{WayMask(~uint64_t{0})}));
  EXPECT_TRUE(WayMask().runs().empty());
}

TEST(WayMask, CalculatesAsASet) {
  const WayMask a(0b0110), b(0b0011);
  EXPECT_EQ((a & b).bits(), 0b0010U);
  EXPECT_EQ((a | b).bits(), 0b0111U);
  EXPECT_EQ(a.minus(b).bits(), 0b0100U);
  EXPECT_TRUE((a | b).contains(a));
  EXPECT_FALSE(a.contains(b));
  EXPECT_TRUE(a.intersects(b));
  EXPECT_FALSE(a.intersects(WayMask(0b1001)));
}

}  // namespace
}  // namespace berth::rdt
