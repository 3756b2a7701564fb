#include "rdt/capability.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "tests/support/resctrl_tree.h"

namespace berth::rdt {
namespace {

TEST(Capability, IsReadFromInfo) {
  const ResctrlTree tree;
  const Capability c = tree.resctrl().capability();
  ASSERT_TRUE(c.l3);
  EXPECT_EQ(c.l3->full.bits(), 0x7ffU);
  EXPECT_EQ(c.l3->shareable.bits(), 0x600U);
  EXPECT_EQ(c.l3->min_ways, 1U);
  EXPECT_EQ(c.l3->num_closids, 16U);
  EXPECT_FALSE(c.l3->sparse);
  EXPECT_EQ(c.l3->domains, (std::vector<unsigned>{0, 1}));
  EXPECT_EQ(c.mb, (MbCapability{10, 10, 8}));
  ASSERT_TRUE(c.monitor);
  EXPECT_EQ(c.monitor->num_rmids, 64U);
  EXPECT_THAT(c.monitor->events,
              testing::ElementsAre("llc_occupancy", "mbm_total_bytes", "mbm_local_bytes"));
  EXPECT_FALSE(c.cdp);
  EXPECT_EQ(c.max_groups, 7U) << "MB has fewer classes than L3";
}

TEST(Capability, KnowsAmdAndGapsInTheIds) {
  const ResctrlTree tree({.full = 0xffff,
                          .shareable = 0,
                          .min_bits = 0,
                          .sparse = true,
                          .mb_closids = 0,
                          .domains = {0, 1, 8, 9},
                          .padded = false,
                          .monitor = false});
  const Capability c = tree.resctrl().capability();
  EXPECT_EQ(c.l3->min_ways, 1U) << "AMD's 0 would leave a job without a way";
  EXPECT_TRUE(c.l3->sparse);
  EXPECT_EQ(c.l3->domains, (std::vector<unsigned>{0, 1, 8, 9}));
  EXPECT_FALSE(c.mb);
  EXPECT_FALSE(c.monitor);
  EXPECT_EQ(c.max_groups, 15U);
}

TEST(Capability, CountsTheClassesOfEveryResource) {
  const ResctrlTree tree;
  std::filesystem::create_directory(tree.path() + "/resctrl/info/L2");
  tree.write("info/L2/num_closids", "4\n");
  EXPECT_EQ(tree.resctrl().capability().max_groups, 3U);
}

TEST(Capability, TellsAMountWithCdp) {
  const ResctrlTree tree;
  const std::string info = tree.path() + "/resctrl/info/";
  std::filesystem::rename(info + "L3", info + "L3CODE");
  const Capability c = tree.resctrl().capability();
  EXPECT_TRUE(c.cdp);
  EXPECT_FALSE(c.l3);
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
