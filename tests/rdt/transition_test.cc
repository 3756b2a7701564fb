// The steps from what a kernel holds to what a layout says, and their order.
#include "rdt/transition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rdt/node.h"
#include "tests/rdt/random_node.h"

namespace berth::rdt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> shown(const std::vector<Step>& steps) {
  std::vector<std::string> lines;
  for (const Step& step : steps) lines.push_back(to_string(step));
  return lines;
}

// A node and the kernel that has done the steps so far.
class Transitions : public testing::Test {
 protected:
  // The steps to the node's layout, printed; they are carried out too.
  std::vector<std::string> go() {
    const std::vector<Step> steps = transition(node_.capability, kernel().state(), node_.layout);
    for (const Step& step : steps) EXPECT_EQ(kernel().apply(step), "") << to_string(step);
    EXPECT_THAT(shown(transition(node_.capability, kernel().state(), node_.layout)), IsEmpty());
    return shown(steps);
  }
  // What another program writes.
  void meddle(const std::string& group, std::string_view lines) {
    EXPECT_EQ(kernel().apply({Step::Kind::write, group, parse_schemata(lines), {}}), "");
  }
  MaskKernel& kernel() {
    if (!kernel_) kernel_.emplace(node_.capability, node_.foreign);
    return *kernel_;
  }

  Node node_;

 private:
  std::optional<MaskKernel> kernel_;
};

TEST_F(Transitions, AreNoneWhereTheKernelHoldsItAlready) {
  EXPECT_THAT(go(), IsEmpty());
}

TEST_F(Transitions, TheDefaultGroupShrinksFirst) {
  node_.take("job_1", "4w", {0});
  EXPECT_THAT(
      go(), ElementsAre("write default group L3:0=7f0", "make 'berth_1'",
                        "write 'berth_1' L3:0=f;1=400", "make monitor group 'job_1' in 'berth_1'"));
}

TEST_F(Transitions, TheDefaultGroupGrowsLast) {
  node_.take("job_1", "4w", {0, 1});
  node_.take("job_2", "2w", {0});
  go();
  node_.give_back("job_1");
  node_.give_back("job_2");
  EXPECT_THAT(go(), ElementsAre("remove 'berth_1'", "remove 'berth_2'",
                                "write default group L3:0=7ff;1=7ff"));
}

TEST_F(Transitions, APartGoesToTheDefaultGroupOnceItsHolderHasLeftIt) {
  node_.take("job_1", "4w", {0});
  node_.take("job_2", "3w", {1});
  go();
  node_.give_back("job_2");
  EXPECT_THAT(go(), ElementsAre("write 'berth_1' L3:1=400", "write default group L3:1=7ff",
                                "remove monitor group 'job_2' in 'berth_1'"));
}

TEST_F(Transitions, AnotherMemberIsAWriteAndAMonitorGroup) {
  node_.take("job_1", "4w", {0});
  go();
  node_.take("job_2", "3w", {1});
  EXPECT_THAT(go(), ElementsAre("write default group L3:1=7f8", "write 'berth_1' L3:1=7",
                                "make monitor group 'job_2' in 'berth_1'"));
}

TEST_F(Transitions, MovesGoInAnOrderInWhichNobodyMeetsAnother) {
  for (const char* name : {"job_1", "job_2", "job_3", "job_4"}) node_.take(name, "2w", {0});
  go();
  node_.give_back("job_1");
  node_.give_back("job_3");
  go();
  node_.take("job_5", "5w", {0});
  EXPECT_THAT(go(), ElementsAre("write default group L3:0=600", "write 'berth_2' L3:0=3",
                                "write 'berth_4' L3:0=c", "make 'berth_1'",
                                "write 'berth_1' L3:0=1f0;1=400",
                                "make monitor group 'job_5' in 'berth_1'"));
}

// The upper one moves into the place that the lower one leaves, though it comes first in the list.
TEST_F(Transitions, AMoveWaitsForTheOneThatMakesRoom) {
  for (const char* name : {"job_1", "job_2", "job_3"}) node_.take(name, "2w", {0});
  go();
  std::swap(node_.layout.groups[1], node_.layout.groups[2]);
  node_.layout.groups[1].slots.l3[0].ways = WayMask(0xc);   // berth_3, from 30
  node_.layout.groups[2].slots.l3[0].ways = WayMask(0xc0);  // berth_2, from c
  EXPECT_THAT(go(), ElementsAre("write default group L3:0=700", "write 'berth_2' L3:0=c0",
                                "write 'berth_3' L3:0=c"));
}

// Two that want each other's place: one gives up first what he will not keep.
TEST_F(Transitions, SqueezeWhereNobodyCanGoAhead) {
  node_.take("job_1", "4w", {0});
  node_.take("job_2", "4w", {0});
  go();
  node_.layout.groups[0].slots.l3[0].ways = WayMask(0x3c);
  node_.layout.groups[1].slots.l3[0].ways = WayMask(0x3);
  EXPECT_THAT(go(), ElementsAre("write 'berth_1' L3:0=c", "write 'berth_2' L3:0=3",
                                "write default group L3:0=7c0", "write 'berth_1' L3:0=3c"));
}

TEST_F(Transitions, HoldersThatOverlapAlreadyGetWhatIsTheirs) {
  node_.take("job_1", "2w", {0});
  node_.take("job_2", "2w", {0});
  go();
  meddle("berth_1", "L3:0=f\n");
  meddle("berth_2", "L3:0=f\n");
  meddle("", "L3:0=7ff\n");
  EXPECT_THAT(go(), testing::Contains("write default group L3:0=7f0"));
  EXPECT_EQ(kernel().control("berth_1").masks.l3[0].data.to_hex(), "3");
  EXPECT_EQ(kernel().control("berth_2").masks.l3[0].data.to_hex(), "c");
}

TEST_F(Transitions, ThoseWhoChangedPlacesAreForcedBack) {
  node_.take("job_1", "2w", {0});
  node_.take("job_2", "2w", {0});
  go();
  meddle("berth_1", "L3:0=c\n");
  meddle("berth_2", "L3:0=3\n");
  EXPECT_THAT(go(), ElementsAre("write 'berth_1' L3:0=3", "write 'berth_2' L3:0=c"));
}

TEST_F(Transitions, AGroupThatSomebodyRemovedIsMadeAgain) {
  node_.take("job_1", "4w", {0});
  node_.take("job_2", "3w", {1});
  go();
  kernel().apply({Step::Kind::remove, "berth_1", {}, {}});
  EXPECT_THAT(go(), ElementsAre("make 'berth_1'", "write 'berth_1' L3:0=f;1=7",
                                "make monitor group 'job_1' in 'berth_1'",
                                "make monitor group 'job_2' in 'berth_1'"));
}

TEST_F(Transitions, ANewGroupIsWrittenOnceWithItsRates) {
  node_.add_bandwidth();
  Wish wish = wish_for("4w", {1});
  wish.throttles.mb = parse_bandwidth("50%");
  node_.take("job_1", wish);
  EXPECT_THAT(go(), ElementsAre("write default group L3:1=7f0", "make 'berth_1'",
                                "write 'berth_1' L3:0=400;1=f MB:1=50",
                                "make monitor group 'job_1' in 'berth_1'"));
  node_.take("job_2", "2w", {0});
  EXPECT_THAT(go(), ElementsAre("write default group L3:0=7fc", "write 'berth_1' L3:0=3",
                                "make monitor group 'job_2' in 'berth_1'"));
  node_.give_back("job_1");
  EXPECT_THAT(go(), ElementsAre("write 'berth_1' L3:1=400 MB:1=100", "write default group L3:1=7ff",
                                "remove monitor group 'job_1' in 'berth_1'"));
}

TEST_F(Transitions, WhoUsesTheCacheAsTheDefaultGroupFollowsIt) {
  node_.add_bandwidth();
  node_.take("job_1", bandwidth_wish("50%", {0}));
  EXPECT_THAT(go(), ElementsAre("make 'berth_1'", "write 'berth_1' L3:0=7ff;1=400 MB:0=50",
                                "make monitor group 'job_1' in 'berth_1'"));
  node_.take("job_2", "4w", {0});
  EXPECT_THAT(go(), ElementsAre("write default group L3:0=7f0", "write 'berth_1' L3:0=7f0",
                                "make 'berth_2'", "write 'berth_2' L3:0=f;1=400",
                                "make monitor group 'job_2' in 'berth_2'"));
}

TEST_F(Transitions, CodeAndDataAreLinesOfTheirOwn) {
  node_.capability.caches.l3->code_data = true;
  node_.take("job_1", code_data_wish("1w", "2w", {0}));
  EXPECT_THAT(go(), ElementsAre("write default group L3CODE:0=7f8 L3DATA:0=7f8", "make 'berth_1'",
                                "write 'berth_1' L3CODE:0=4;1=400 L3DATA:0=3;1=400",
                                "make monitor group 'job_1' in 'berth_1'"));
}

TEST_F(Transitions, TheKernelsExclusiveModeComesOnceTheMasksAreApart) {
  node_.rules.kernel_exclusive = true;
  node_.take("job_1", "4w", {0});
  EXPECT_THAT(go(), ElementsAre("write default group L3:0=7f0;1=7fe", "make 'berth_1'",
                                "write 'berth_1' L3:0=f;1=1", "set mode of 'berth_1' to exclusive",
                                "make monitor group 'job_1' in 'berth_1'"));
}

TEST_F(Transitions, MonitorGroupsOfAClaimsStepsAreTheClaims) {
  node_.take("job_1", "4w", {0});
  node_.take("job_12", "3w", {1});
  go();
  for (const char* name : {"job_1.0", "job_12.batch", "stranger"}) {
    kernel().apply({Step::Kind::make_monitor, "berth_1", {}, name});
  }
  EXPECT_THAT(go(), ElementsAre("remove monitor group 'stranger' in 'berth_1'"));
  node_.give_back("job_1");
  EXPECT_THAT(go(), ElementsAre("write 'berth_1' L3:0=400", "write default group L3:0=7ff",
                                "remove monitor group 'job_1' in 'berth_1'",
                                "remove monitor group 'job_1.0' in 'berth_1'"));
}

TEST_F(Transitions, AnUnmonitoredMemberHasNoMonitorGroup) {
  Wish wish = wish_for("4w", {0});
  wish.monitored = false;
  node_.take("job_1", wish);
  EXPECT_THAT(go(), ElementsAre("write default group L3:0=7f0", "make 'berth_1'",
                                "write 'berth_1' L3:0=f;1=400"));
}

// It came when they were nobody's, and the kernel refuses whatever overlaps it.
TEST_F(Transitions, TheDefaultGroupGrowsAroundAStrangerInExclusiveMode) {
  node_.add_bandwidth();
  node_.take("job_1", "4w", {0});
  node_.take("job_2", "2w", {0});
  node_.take("job_3", bandwidth_wish("50%", {0}));
  go();
  node_.give_back("job_1");
  EXPECT_THAT(go(), ElementsAre("remove 'berth_1'"));
  kernel().visit({"COS1", {{WayMask(0x3), WayMask()}, {}}, true});
  node_.give_back("job_2");
  EXPECT_THAT(go(), ElementsAre("remove 'berth_2'", "write default group L3:0=7fc",
                                "write 'berth_3' L3:0=7fc"));
  kernel().leave("COS1");
  EXPECT_THAT(go(), ElementsAre("write default group L3:0=7ff", "write 'berth_3' L3:0=7ff"));
}

TEST_F(Transitions, TheDefaultGroupsRatesAreTheAdmins) {
  node_.add_bandwidth();
  node_.take("job_1", "4w", {0});
  meddle("", "MB:0=30\n");
  go();
  node_.give_back("job_1");
  go();
  EXPECT_EQ(kernel().control("").figures.mb[0], 30U);
}

}  // namespace
}  // namespace berth::rdt
