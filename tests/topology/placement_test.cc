#include "topology/placement.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/message_of.h"

namespace berth::topology {
namespace {

using test::message_of;

constexpr const char* kTwoSockets = "pack:2 [numa] l3:1(indexes=0,1 size=40MiB) core:10 pu:2";
constexpr const char* kSnc2 = "pack:2 l3:1(indexes=0,1 size=40MiB) group:2 [numa] core:10 pu:2";
constexpr const char* kEpyc =
    "pack:2 group:2 [numa] l3:2(indexes=0,1,2,3,8,9,10,11 size=32MiB) core:8 pu:2";
constexpr const char* kOddEven =
    "pack:2 l3:1(indexes=0,1 size=8MiB) core:2 pu:2(indexes=0,4,2,6,1,5,3,7)";

std::vector<unsigned> ids(const Placement& placement) {
  std::vector<unsigned> result;
  for (const PlacedDomain& placed : placement.domains) {
    result.push_back(placed.domain.cache_id.value());
  }
  return result;
}

TEST(Place, FindsTheDomainOfHalfASocket) {
  const Placement placement = place(Machine::synthetic(kTwoSockets), CpuSet::parse("22-25"));
  EXPECT_EQ(ids(placement), (std::vector<unsigned>{1}));
  EXPECT_EQ(placement.domains[0].cpus.to_list(), "22-25");
  EXPECT_TRUE(placement.without_l3.empty());
  EXPECT_EQ(placement.numa_nodes, (std::vector<unsigned>{1}));
}

TEST(Place, SplitsASetThatSpansSockets) {
  const Placement placement = place(Machine::synthetic(kTwoSockets), CpuSet::parse("18-21"));
  EXPECT_EQ(ids(placement), (std::vector<unsigned>{0, 1}));
  EXPECT_EQ(placement.domains[0].cpus.to_list(), "18-19");
  EXPECT_EQ(placement.domains[1].cpus.to_list(), "20-21");
}

TEST(Place, KeepsOneDomainForTwoNumaNodesOfASocket) {
  const Placement placement = place(Machine::synthetic(kSnc2), CpuSet::parse("0,20"));
  EXPECT_EQ(ids(placement), (std::vector<unsigned>{0}));
  EXPECT_EQ(placement.numa_nodes, (std::vector<unsigned>{0, 1}));
}

TEST(Place, CountsEveryTouchedComplexOfAnEpyc) {
  const Placement placement = place(Machine::synthetic(kEpyc), CpuSet::parse("15,16-31,64"));
  EXPECT_EQ(ids(placement), (std::vector<unsigned>{0, 1, 8}));
  EXPECT_EQ(
      l3_shares(placement),
      (std::vector<CacheShare>{{0, 32 << 20, 1, 16}, {1, 32 << 20, 16, 16}, {8, 32 << 20, 1, 16}}));
}

TEST(Place, DoesNotReadSocketsOffCpuNumbers) {
  EXPECT_EQ(ids(place(Machine::synthetic(kOddEven), CpuSet{0, 2, 4})), (std::vector<unsigned>{0}));
  EXPECT_EQ(ids(place(Machine::synthetic(kOddEven), CpuSet{5})), (std::vector<unsigned>{1}));
}

TEST(Place, NamesCpusUnderNoCache) {
  const Placement placement = place(Machine::synthetic("pack:1 core:4 pu:1"), CpuSet{1, 2});
  EXPECT_TRUE(placement.domains.empty());
  EXPECT_EQ(placement.without_l3, (CpuSet{1, 2}));
  EXPECT_TRUE(l3_shares(placement).empty());
}

TEST(Place, RefusesCpusThatAreNotThere) {
  EXPECT_EQ(message_of([] {
              place(Machine::synthetic(kOddEven), CpuSet{7, 8, 9});
            }),
            "CPUs '8-9' are not on this machine, which has '0-7'");
}

TEST(L3Shares, RefusesACacheWithoutIdInsteadOfGuessing) {
  const Machine machine = Machine::synthetic("pack:2 l3:1 core:4 pu:1");
  EXPECT_EQ(message_of([&] { l3_shares(place(machine, CpuSet{5})); }),
            "the L3 of CPUs '4-7' has no id on this machine (sysfs cache/index3/id), so resctrl "
            "cannot be told about it");
}

TEST(AbstractCores, AreCountedInHwlocsOrder) {
  const Machine odd_even = Machine::synthetic(kOddEven);
  EXPECT_EQ(cpus_of_abstract_cores(odd_even, "0").to_list(), "0,4");
  EXPECT_EQ(cpus_of_abstract_cores(odd_even, "1-2").to_list(), "1-2,5-6");
  const Machine two = Machine::synthetic(kTwoSockets);
  EXPECT_EQ(cpus_of_abstract_cores(two, "0-3,8").to_list(), "0-7,16-17");
  EXPECT_EQ(cpus_of_abstract_cores(two, "19").to_list(), "38-39");
  EXPECT_TRUE(cpus_of_abstract_cores(two, "").empty());
}

TEST(AbstractCores, RefuseACoreThatIsNotThere) {
  EXPECT_EQ(message_of([] { cpus_of_abstract_cores(Machine::synthetic(kOddEven), "2-4"); }),
            "core 4 of '2-4' is not on this machine, which has 4 cores");
  EXPECT_EQ(message_of([] { cpus_of_abstract_cores(Machine::synthetic(kOddEven), "x"); }),
            "read CPU list 'x': invalid argument");
}

}  // namespace
}  // namespace berth::topology
