// All that a job may ask of a node's caches and memory bandwidth, and what the kernel has of it, on
// a mount that tells code and data apart and on one that does not. Runs in the guest, where the
// processor has L2 CAT.
#include "tests/e2e/rdt_policy_slurm.h"

namespace berth::test {
namespace {

using ::testing::SizeIs;

class Remounted {
 public:
  explicit Remounted(const std::string& options) { remount_resctrl(options); }
  ~Remounted() { remount_resctrl(""); }
  Remounted(const Remounted&) = delete;
  Remounted& operator=(const Remounted&) = delete;
};

TEST_F(RdtUnderAPolicy, AutoIsTheShareOfTheCores) {
  const Seen half = seen({"--l3=auto", "--l2=6w", "--mbw=50%"});
  EXPECT_EQ(half.line("L3"), "L3:0=f;1=400") << half.ran;
  EXPECT_EQ(half.line("L2"), "L2:0=3f;1=8000;2=8000;3=8000");
  EXPECT_EQ(half.line("MB"), "MB:0=50;1=100");
}

TEST_F(RdtUnderAPolicy, SharersOfTheSameAreOneGroup) {
  Job first = start_job(1, {"--l3=3w", "--l3-share"});
  ASSERT_THAT(first.said, SizeIs(1));
  const Seen second = seen({"--l3=3w", "--l3-share"});
  EXPECT_EQ(second.group, first.group());
  EXPECT_EQ(second.line("L3"), "L3:0=700;1=400") << second.ran;
  EXPECT_EQ(schemata_line("", "L3"), "L3:0=7ff;1=7ff") << "nothing is taken away";
  end_job(first);
}

TEST_F(RdtUnderAPolicy, TheKernelsOwnModeIsForBothCachesOrNone) {
  slurm().write_policy(R"({"rdt": {"kernelExclusive": true}})");
  const Seen one = seen({"--l3=2w"});
  EXPECT_EQ(one.line("L3"), "L3:0=3;1=400") << one.ran;
  const Seen both = seen({"--l3=2w", "--l2=3w"});
  EXPECT_EQ(both.line("L3"), "L3:0=3;1=1") << both.ran;
  EXPECT_EQ(both.line("L2"), "L2:0=7;1=1;2=1;3=1");
  slurm().write_policy(policy());
}

TEST_F(RdtUnderAPolicy, CodeAndDataApartAndBandwidthAsARate) {
  const Remounted mount("cdp,cdpl2,mba_MBps");
  const Seen apart = seen({"--l3-code=2w", "--l3-data=3w", "--l2=4w", "--mbw=800MiBps"});
  EXPECT_EQ(apart.line("L3CODE"), "L3CODE:0=18;1=400") << apart.ran;
  EXPECT_EQ(apart.line("L3DATA"), "L3DATA:0=7;1=400");
  EXPECT_EQ(apart.line("L2CODE"), "L2CODE:0=f;1=8000;2=8000;3=8000");
  EXPECT_EQ(apart.line("L2DATA"), "L2DATA:0=f;1=8000;2=8000;3=8000");
  EXPECT_EQ(apart.line("MB"), "MB:0=800;1=4294967295");
  const Seen gold = seen({"--rdt-class=gold"});
  EXPECT_EQ(gold.line("L3CODE"), "L3CODE:0=4;1=400") << gold.ran;
  EXPECT_EQ(gold.line("L3DATA"), "L3DATA:0=3;1=400");
}

}  // namespace
}  // namespace berth::test
