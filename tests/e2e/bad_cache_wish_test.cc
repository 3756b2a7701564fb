// Wishes for cache that this machine cannot fulfil: for the machine with RDT.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <bit>

#include "base/error.h"
#include "base/file.h"
#include "tests/e2e/leftovers.h"
#include "tests/support/lacking.h"
#include "tests/support/slurm_fixture.h"

namespace berth::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using Words = std::vector<std::string>;

class BadCacheWish : public SlurmTest {
 protected:
  static void SetUpTestSuite() {
    const OpenFolder folder;
    start_with_berth(folder.write("policy.json", R"({"rdt": {"floorWays": 2}})"));
  }

  void SetUp() override {
    SlurmTest::SetUp();
    if (const auto why = lacks_resctrl(); !why.empty()) GTEST_SKIP() << why;
    const std::string full = read_file(AT_FDCWD, "/sys/fs/resctrl/info/L3/cbm_mask");
    ways_ = std::popcount(std::stoull(full, nullptr, 16));
    folder_.write("bundle/config.json", R"({
      "ociVersion": "1.0.2", "process": {"cwd": "/", "user": {}, "args": ["true"]}, "root": {"path": "rootfs"},
      "linux": {"namespaces": [{"type": "mount"}]}})");
    folder_.write("bundle/rootfs/empty", "");
    policy_ = folder_.write("policy.json", R"({"rdt": {"floorWays": 2}})");
  }

  // `wish` is refused with these words behind it, by `berth launch`, `berth plan` and the plugin.
  void expect_refused(const std::string& wish, const std::string& why) const {
    const std::string option = "--l3=" + wish, berth = built_berth();
    const std::string line = "berth: " + option + " refused: L3 [01]: " + why + "\n";
    const std::string bundle = folder_.path() + "/bundle", marker = folder_.path() + "/marker";
    const Ran launch = run(
        {berth, "launch", "--policy", policy_, option, "--bundle", bundle, "--", "touch", marker});
    EXPECT_THAT(launch.err, MatchesRegex(line));
    EXPECT_EQ(launch.status, 125);
    const Ran plan = run({berth, "plan", "--policy", policy_, option});
    EXPECT_THAT(plan.err, MatchesRegex(line));
    EXPECT_EQ(plan.status, 125);
    const Ran step = srun({option, "--container=" + bundle, "touch", marker});
    EXPECT_THAT(step.err, ContainsRegex("slurmstepd[^ ]*: error: " + line));
    EXPECT_EQ(step.status, 125);
    EXPECT_FALSE(folder_.has("marker"));
    EXPECT_THAT(leftovers(folder_.path()), IsEmpty());
    EXPECT_EQ(default_schemata(), schemata_);
  }

  OpenFolder folder_;
  int ways_ = 0;
  std::string policy_, schemata_ = default_schemata();
};

TEST_F(BadCacheWish, ForMoreWaysThanExist) {
  const std::string more = std::to_string(ways_ + 1);
  expect_refused(more + "w", more + " ways asked, it has only " + std::to_string(ways_));
}

TEST_F(BadCacheWish, ForMoreBytesThanExist) {
  expect_refused("4GiB", "[0-9]+ ways asked, it has only " + std::to_string(ways_));
}

TEST_F(BadCacheWish, ForWaysThatThePolicyKeeps) {
  const std::string all = std::to_string(ways_);
  expect_refused("100%", all + " of " + all + " ways asked, " + std::to_string(ways_ - 2) +
                             " free .default keeps 2.");
}

}  // namespace
}  // namespace berth::test
