// What `berth doctor` says of the ids that hwloc and resctrl give caches.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launcher/doctor/findings.h"
#include "tests/launcher/node_of_claims.h"

namespace berth::launcher {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kWithL2 =
    "pack:2 l3:1(size=11534336 indexes=0,1) l2:2(indexes=0,1,4,5) core:4 pu:1";

// resctrl's caches 0 and 1, by hwloc as described.
class DoctorTopology : public testing::Test {
 protected:
  static std::vector<std::string> told(const std::string& machine,
                                       const rdt::Capability& capability) {
    const auto described = topology::Machine::synthetic(machine);
    DoctorFacts facts(described);
    facts.node.capability = capability;
    std::vector<Finding> findings;
    examine_resources(facts, findings);
    std::vector<std::string> lines;
    for (const Finding& finding : findings) {
      if (finding.subject != "topology") continue;
      lines.push_back((finding.level == Level::ok ? "ok " : "problem ") + finding.text +
                      (finding.next.empty() ? "" : " -> " + finding.next));
    }
    return lines;
  }
  static rdt::CacheCapability l2(std::vector<unsigned> domains) {
    return {rdt::WayMask(0xff), {}, 1, 8, false, false, std::move(domains)};
  }

  const test::NodeOfClaims node_;
  rdt::Capability capability_ = *node_.facts().capability;
};

TEST_F(DoctorTopology, AllAgree) {
  capability_.caches.l2 = l2({0, 1, 4, 5});
  EXPECT_THAT(told(kWithL2, capability_),
              ElementsAre("ok hwloc and resctrl agree on L2 caches 0,1,4,5",
                          "ok hwloc and resctrl agree on L3 caches 0,1",
                          "ok hwloc and resctrl agree on MB caches 0,1"));
}

TEST_F(DoctorTopology, L3) {
  EXPECT_THAT(told("pack:2 l3:1(indexes=0,8) core:8 pu:1", capability_),
              Contains(HasSubstr("problem hwloc knows L3 caches 0,8, resctrl caches 0,1")));
  EXPECT_THAT(told("pack:2 l3:1 core:8 pu:1", capability_),
              Contains(AllOf(HasSubstr("the L3 of CPUs 8-15 has no id"),
                             HasSubstr("cpu8/cache/index3/id"))));
}

TEST_F(DoctorTopology, L2) {
  capability_.caches.l2 = l2({0, 1, 2, 3});
  EXPECT_THAT(
      told(kWithL2, capability_),
      ElementsAre("problem hwloc knows L2 caches 0,1,4,5, resctrl caches 0,1,2,3: what they do not "
                  "share cannot be handed out -> lstopo --only l2 --of console -p; cat "
                  "/sys/fs/resctrl/schemata",
                  HasSubstr("ok "), HasSubstr("ok ")));
  EXPECT_THAT(told("pack:2 l3:1(indexes=0,1) l2:2 core:4 pu:1", capability_),
              Contains(AllOf(HasSubstr("the L2 of CPUs 4-7 has no id"),
                             HasSubstr("cpu4/cache/index2/id"))));
}

TEST_F(DoctorTopology, BandwidthGoesByTheIdsOfL3) {
  capability_.throttles.mb->domains = {0, 2};
  const auto problem = HasSubstr(
      "problem hwloc knows L3 caches 0,1, resctrl's MB caches 0,2: what they do not share cannot "
      "be limited -> lstopo --only l3 ");
  EXPECT_THAT(told(kWithL2, capability_), ElementsAre(HasSubstr("ok "), problem));
  capability_.caches.l3.reset();
  EXPECT_THAT(told(kWithL2, capability_), ElementsAre(problem));
}

}  // namespace
}  // namespace berth::launcher
