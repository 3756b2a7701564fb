// Each resource that a kernel's resctrl divides, taken by claims and read back from the kernel's
// own files, on each kind of mount. In the guest, whose processor has L2 CAT and CDP for both
// caches.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rdt/on_a_kernel.h"
#include "tests/support/kernel_resctrl.h"

namespace berth::rdt {
namespace {

using test::schemata_line;

class Resources : public OnAKernel {
 protected:
  void TearDown() override {
    if (resctrl_) {
      back("job_1");
      back("job_2");
      OnAKernel::TearDown();
      resctrl_.reset();
    }
    if (remounted_) test::remount_resctrl("");
  }

  void mount_with(const std::string& options) {
    resctrl_.reset();
    test::remount_resctrl(options);
    remounted_ = true;
    open_resctrl();
  }

  Wish wish(const char* asked) const {
    Wish wish;
    wish.asked = asked;
    for (const Cache cache : kCaches) {
      if (!capability_.caches[cache]) continue;
      // The first socket, with both of its cores.
      const size_t count = cache == Cache::l3 ? 1 : 2;
      for (size_t i = 0; i < count; ++i) {
        wish.domains[cache].push_back({capability_.caches[cache]->domains.at(i), 2 << 20, 1, 1});
      }
    }
    return wish;
  }
  static CacheWish ways(unsigned count) { return {Amount{Amount::Unit::ways, count}, {}, {}}; }
  static CacheWish apart(unsigned code, unsigned data) {
    return {{}, Amount{Amount::Unit::ways, code}, Amount{Amount::Unit::ways, data}};
  }
  std::string taken(const std::string& claim, const Wish& what) const {
    const auto answer = ask(claim, what);
    const auto* refusal = std::get_if<Refusal>(&answer);
    return refusal == nullptr ? std::get<Holding>(answer).place.group : refusal->reason;
  }

  bool remounted_ = false;
};

TEST_F(Resources, L3AndL2AndBandwidthInPerCent) {
  Wish all = wish("--l3=4w --l2=6w --mbw=30%");
  all.caches.l3 = ways(4);
  all.caches.l2 = ways(6);
  all.throttles.mb = Bandwidth{Bandwidth::Unit::percent, 30};
  ASSERT_EQ(taken("job_1", all), "berth_1");
  EXPECT_EQ(schemata_line("berth_1", "L3"), "L3:0=f;1=400");
  EXPECT_EQ(schemata_line("", "L3"), "L3:0=7f0;1=7ff");
  EXPECT_EQ(schemata_line("berth_1", "L2"), "L2:0=3f;1=3f;2=8000;3=8000");
  EXPECT_EQ(schemata_line("", "L2"), "L2:0=ffc0;1=ffc0;2=ffff;3=ffff");
  EXPECT_EQ(schemata_line("berth_1", "MB"), "MB:0=30;1=100");
  Wish only = wish("--mbw=50%");
  only.throttles.mb = Bandwidth{Bandwidth::Unit::percent, 50};
  ASSERT_EQ(taken("job_2", only), "berth_2");
  EXPECT_EQ(schemata_line("berth_2", "MB"), "MB:0=50;1=100");
  EXPECT_EQ(schemata_line("berth_2", "L3"), "L3:0=7f0;1=400")
      << "as the default group where it runs";
}

TEST_F(Resources, CodeAndDataApartInBothCaches) {
  mount_with("cdp,cdpl2");
  Wish both = wish("--l3-code=2w --l3-data=3w --l2=4w");
  both.caches.l3 = apart(2, 3);
  both.caches.l2 = ways(4);
  ASSERT_EQ(taken("job_1", both), "berth_1");
  EXPECT_EQ(schemata_line("berth_1", "L3CODE"), "L3CODE:0=18;1=400");
  EXPECT_EQ(schemata_line("berth_1", "L3DATA"), "L3DATA:0=7;1=400");
  EXPECT_EQ(schemata_line("berth_1", "L2CODE"), "L2CODE:0=f;1=f;2=8000;3=8000");
  EXPECT_EQ(schemata_line("berth_1", "L2DATA"), "L2DATA:0=f;1=f;2=8000;3=8000");
  EXPECT_EQ(schemata_line("", "L3CODE"), "L3CODE:0=7e0;1=7ff");
  EXPECT_EQ(schemata_line("", "L3DATA"), "L3DATA:0=7e0;1=7ff");
  Wish alike = wish("--l3=2w");
  alike.caches.l3 = ways(2);
  ASSERT_EQ(taken("job_2", alike), "berth_2");
  EXPECT_EQ(schemata_line("berth_2", "L3CODE"), "L3CODE:0=60;1=400");
  EXPECT_EQ(schemata_line("berth_2", "L3DATA"), "L3DATA:0=60;1=400");
}

TEST_F(Resources, BandwidthAsARateThatTheKernelHolds) {
  mount_with("mba_MBps");
  Wish rate = wish("--mbw=800MiBps");
  rate.throttles.mb = Bandwidth{Bandwidth::Unit::bytes_per_second, uint64_t{800} << 20};
  ASSERT_EQ(taken("job_1", rate), "berth_1");
  EXPECT_EQ(schemata_line("berth_1", "MB"), "MB:0=800;1=4294967295");
  Wish share = wish("--mbw=50%");
  share.throttles.mb = Bandwidth{Bandwidth::Unit::percent, 50};
  EXPECT_THAT(taken("job_2", share), testing::HasSubstr("not by shares"));
}

}  // namespace
}  // namespace berth::rdt
