#include "rdt/capability.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "tests/support/resctrl_tree.h"

namespace berth::rdt {
namespace {

using Unit = BandwidthCapability::Unit;

TEST(Capability, IsReadFromInfo) {
  const ResctrlTree tree;
  const Capability c = tree.resctrl().capability();
  EXPECT_EQ(c.caches.l3,
            (CacheCapability{WayMask(0x7ff), WayMask(0x600), 1, 16, false, false, {0, 1}}));
  EXPECT_FALSE(c.caches.l2);
  EXPECT_EQ(c.throttles.mb, (BandwidthCapability{Unit::percent, 10, 10, 100, 8, {0, 1}}));
  EXPECT_FALSE(c.throttles.smba);
  ASSERT_TRUE(c.monitor);
  EXPECT_EQ(c.monitor->num_rmids, 64U);
  EXPECT_THAT(c.monitor->events,
              testing::ElementsAre("llc_occupancy", "mbm_total_bytes", "mbm_local_bytes"));
  EXPECT_EQ(c.max_groups, 7U) << "MB has fewer classes than L3";
}

TEST(Capability, KnowsAmdAndGapsInTheIds) {
  const ResctrlTree tree({.full = 0xffff,
                          .shareable = 0,
                          .min_bits = 0,
                          .sparse = true,
                          .domains = {0, 1, 8, 9},
                          .padded = false,
                          .monitor = false,
                          .amd = true});
  const Capability c = tree.resctrl().capability();
  ASSERT_TRUE(c.caches.l3);
  EXPECT_EQ(c.caches.l3->min_ways, 1U) << "AMD's 0 would leave a job without a way";
  EXPECT_TRUE(c.caches.l3->sparse);
  EXPECT_EQ(c.caches.l3->domains, (std::vector<unsigned>{0, 1, 8, 9}));
  EXPECT_EQ(c.caches.l3->index_of(8), 2U);
  EXPECT_EQ(c.caches.l3->index_of(2), std::nullopt);
  EXPECT_EQ(c.throttles.mb, (BandwidthCapability{Unit::eighth_gb, 0, 1, 2048, 8, {0, 1, 8, 9}}));
  EXPECT_FALSE(c.monitor);
}

TEST(Capability, AMountThatCountsMebibytesHasNoUpperEnd) {
  const ResctrlTree tree({.mba_mbps = true});
  const Capability c = tree.resctrl().capability();
  ASSERT_TRUE(c.throttles.mb);
  EXPECT_EQ(c.throttles.mb->unit, Unit::mib);
  EXPECT_EQ(c.throttles.mb->unlimited, UINT32_MAX);
}

TEST(Capability, WithoutBandwidthTheCachesClassesCount) {
  const ResctrlTree tree({.mb_closids = 0});
  const Capability c = tree.resctrl().capability();
  EXPECT_FALSE(c.throttles.mb);
  EXPECT_EQ(c.max_groups, 15U);
}

TEST(Capability, CountsTheClassesOfEveryResource) {
  const ResctrlTree tree;
  std::filesystem::create_directory(tree.path() + "/resctrl/info/NEW");
  tree.write("info/NEW/num_closids", "4\n");
  EXPECT_EQ(tree.resctrl().capability().max_groups, 3U);
}

TEST(Capability, AMountWithCdpTellsCodeFromData) {
  const ResctrlTree tree({.cdp = true});
  const Capability c = tree.resctrl().capability();
  ASSERT_TRUE(c.caches.l3);
  EXPECT_TRUE(c.caches.l3->code_data);
  EXPECT_EQ(c.caches.l3->full.bits(), 0x7ffU);
  EXPECT_EQ(c.caches.l3->domains, (std::vector<unsigned>{0, 1}));
}

TEST(Capability, L2HasDomainsOfItsOwn) {
  const ResctrlTree tree({.l2_full = 0xff, .l2_domains = {0, 1, 2, 3}});
  const Capability c = tree.resctrl().capability();
  ASSERT_TRUE(c.caches.l2);
  EXPECT_EQ(c.caches.l2->full.bits(), 0xffU);
  EXPECT_EQ(c.caches.l2->domains, (std::vector<unsigned>{0, 1, 2, 3}));
  EXPECT_EQ(c.caches.l3->domains, (std::vector<unsigned>{0, 1}));
}

TEST(Capability, NamesTheFileThatIsNotAsExpected) {
  const ResctrlTree tree;
  tree.write("info/L3/num_closids", "many\n");
  try {
    tree.resctrl().capability();
    FAIL() << "no exception";
  } catch (const Error& e) {
    EXPECT_EQ(e.message(),
              "read what resctrl can do: read number in info 'L3/num_closids': invalid argument");
  }
}

}  // namespace
}  // namespace berth::rdt
