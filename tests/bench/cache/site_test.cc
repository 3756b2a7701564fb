#include "bench/cache/site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace berth::cache_bench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

topology::Machine two_sockets() {
  return topology::Machine::synthetic("pack:2 l3:1(indexes=0,1 size=11534336) core:3 pu:2");
}

TEST(Survey, TakesACpuOfEachCore) {
  const Site site = survey(two_sockets(), topology::CpuSet::parse("0-11"));
  EXPECT_EQ(site.victim_cpu, 0U);
  EXPECT_THAT(site.beside, ElementsAre(2, 4));  // no hardware thread of a core that is used
  EXPECT_THAT(site.elsewhere, ElementsAre(6, 8, 10));
  EXPECT_EQ(site.l3.bytes, 11534336U);
}

TEST(Survey, StaysWithinTheCallersCpus) {
  const Site site = survey(two_sockets(), topology::CpuSet::parse("7,9-10"));
  EXPECT_EQ(site.victim_cpu, 7U);
  EXPECT_THAT(site.beside, ElementsAre(9, 10));
  EXPECT_THAT(site.elsewhere, IsEmpty());
}

TEST(Survey, WithoutAnL3IsAnError) {
  const topology::Machine machine = topology::Machine::synthetic("pack:1 core:2 pu:1");
  EXPECT_THROW((void)survey(machine, topology::CpuSet::parse("0-1")), Error);
}

Site good() {
  Site site;
  site.root = true;
  site.rdt.emplace().caches.l3.emplace();
  site.beside = {1};
  return site;
}

TEST(Evidence, IsPossibleOnlyOnARealMachineWithCatAndEnoughRepetitions) {
  EXPECT_THAT(no_evidence_because(good(), 10), IsEmpty());
  EXPECT_THAT(no_evidence_because(good(), 9), ElementsAre(HasSubstr("9 times")));
  Site guest = good();
  guest.virtual_machine = true;
  EXPECT_THAT(no_evidence_because(guest, 10), ElementsAre(HasSubstr("virtual machine")));
  Site no_cat = good();
  no_cat.rdt->caches.l3.reset();
  EXPECT_THAT(no_evidence_because(no_cat, 10), ElementsAre(HasSubstr("no L3 CAT")));
  Site no_rdt = good();
  no_rdt.rdt.reset();
  EXPECT_THAT(no_evidence_because(no_rdt, 10), ElementsAre(HasSubstr("resctrl")));
  Site user = good();
  user.root = false;
  EXPECT_THAT(no_evidence_because(user, 10), ElementsAre(HasSubstr("root's")));
  Site lonely = good();
  lonely.beside.clear();
  EXPECT_THAT(no_evidence_because(lonely, 10), ElementsAre(HasSubstr("no other core")));
}

}  // namespace
}  // namespace berth::cache_bench
