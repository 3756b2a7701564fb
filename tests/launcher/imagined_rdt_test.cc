#include "launcher/imagined_rdt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/message_of.h"

namespace berth::launcher {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

topology::Machine machine() {
  return topology::Machine::synthetic(
      "pack:2 l3:1(indexes=8,3 size=11MiB) l2:2(indexes=0,1,2,3) core:2 pu:1");
}

rdt::Capability imagined(std::string_view text) {
  return imagined_rdt(text, machine());
}

std::string refusal(std::string_view text) {
  return test::message_of([&] { (void)imagined(text); });
}

TEST(ImaginedRdt, WhatHoldsWhereNothingIsSaid) {
  const rdt::Capability capability = imagined("");
  ASSERT_TRUE(capability.caches.l3);
  EXPECT_EQ(capability.caches.l3->full.count(), 11U);
  EXPECT_EQ(capability.caches.l3->num_closids, 16U);
  EXPECT_TRUE(capability.caches.l3->shareable.empty());
  EXPECT_THAT(capability.caches.l3->domains, ElementsAre(3, 8)) << "ascending, as in schemata";
  EXPECT_EQ(capability.max_groups, 15U);
  EXPECT_FALSE(capability.caches.l2);
  EXPECT_FALSE(capability.throttles.mb);
  EXPECT_EQ(capability.monitor->num_rmids, 64U);
}

TEST(ImaginedRdt, Parts) {
  const rdt::Capability capability =
      imagined("ways=20,io=c0001,min=2,sparse,closids=15,mb=8,rmids=0,l2=8,l2-closids=4");
  EXPECT_EQ(capability.caches.l3->full, rdt::WayMask(0xfffff));
  EXPECT_EQ(capability.caches.l3->shareable, rdt::WayMask(0xc0001));
  EXPECT_EQ(capability.caches.l3->min_ways, 2U);
  EXPECT_TRUE(capability.caches.l3->sparse);
  EXPECT_FALSE(capability.caches.l3->code_data);
  EXPECT_EQ(capability.caches.l2->full.count(), 8U);
  EXPECT_THAT(capability.caches.l2->domains, ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(capability.throttles.mb->num_closids, 8U);
  EXPECT_EQ(capability.max_groups, 3U) << "the least of all, less one";
  EXPECT_FALSE(capability.monitor);
}

TEST(ImaginedRdt, CdpHalvesTheClosids) {
  EXPECT_EQ(imagined("cdp").max_groups, 7U);
  EXPECT_TRUE(imagined("cdp").caches.l3->code_data);
  EXPECT_EQ(imagined("closids=4,cdp").caches.l3->num_closids, 2U);
}

TEST(ImaginedRdt, SaysWhatIsAllowed) {
  EXPECT_EQ(refusal("ways=0"), "--rdt: 'ways=0': allowed is 1 to 32");
  EXPECT_EQ(refusal("mb=1"), "--rdt: 'mb=1': allowed is 2 to 1024");
  EXPECT_EQ(refusal("ways=4x"), "--rdt: 'ways=4x': allowed is 1 to 32");
  EXPECT_THAT(refusal("io=zz"), AllOf(HasSubstr("'io=zz'"), HasSubstr("hexadecimal")));
  EXPECT_EQ(refusal("ways=4,io=10"), "--rdt: 'io=10': allowed is a mask of the 4 ways");
  EXPECT_EQ(refusal("ways=4,min=5"), "--rdt: 'min=5': allowed is 1 to 4");
  for (const char* text : {"way=4", "ways", "sparse=1", ",", "ways=4,,mb=8", "io", "20"}) {
    EXPECT_THAT(refusal(text), HasSubstr("allowed is ways=N, closids=N, ")) << text;
  }
}

}  // namespace
}  // namespace berth::launcher
