#include "topology/cpu_set.h"

#include <gtest/gtest.h>
#include <sched.h>

#include "base/error.h"

namespace berth::topology {
namespace {

TEST(CpuSet, ReadsAndWritesTheKernelsListFormat) {
  const CpuSet set = CpuSet::parse("8,0-3,10-10\n");
  EXPECT_EQ(set.cpus(), (std::vector<unsigned>{0, 1, 2, 3, 8, 10}));
  EXPECT_EQ(set.to_list(), "0-3,8,10");
  EXPECT_EQ(set.size(), 6U);
  EXPECT_TRUE(CpuSet::parse("").empty());
  EXPECT_TRUE(CpuSet::parse("\n").empty());
  EXPECT_EQ(CpuSet().to_list(), "");
  EXPECT_EQ(CpuSet::parse(set.to_list()), set);
}

TEST(CpuSet, RefusesWhatIsNoListAndNamesIt) {
  for (const char* bad : {"0-", "-1", "3-1", "1,,2", "1,", ",1", "a", "1 ", " 1", "0-3:1/2",
                          "4294967296", "0-4294967295", "1-2-3", "0x1", "1\n2"}) {
    try {
      CpuSet::parse(bad);
      FAIL() << "accepted '" << bad << "'";
    } catch (const Error& e) {
      EXPECT_EQ(e.message(), std::string("read CPU list '") + bad + "': invalid argument");
    }
  }
}

TEST(CpuSet, CalculatesWithSetsOfDifferentLengths) {
  const CpuSet low{0, 1, 2}, high{2, 200};
  EXPECT_EQ((low & high), (CpuSet{2}));
  EXPECT_EQ((low | high), (CpuSet{0, 1, 2, 200}));
  EXPECT_EQ((high | low), (low | high));
  EXPECT_EQ(low.minus(high), (CpuSet{0, 1}));
  EXPECT_EQ(high.minus(low), (CpuSet{200}));
  EXPECT_TRUE(low.intersects(high));
  EXPECT_FALSE(low.intersects(CpuSet{200}));
  EXPECT_TRUE((CpuSet{1}).is_subset_of(low));
  EXPECT_FALSE(high.is_subset_of(low));
  EXPECT_TRUE(CpuSet().is_subset_of(CpuSet()));
}

TEST(CpuSet, IsEqualHoweverItCameAbout) {
  EXPECT_EQ((CpuSet{1, 200}.minus(CpuSet{200})), CpuSet{1});
  EXPECT_EQ((CpuSet{200} & CpuSet{1}), CpuSet());
  EXPECT_TRUE((CpuSet{200} & CpuSet{1}).empty());
}

TEST(CpuSet, GivesTheAffinityOfATask) {
  const CpuSet all = CpuSet::of_task(0);
  ASSERT_FALSE(all.empty());
  const unsigned last = all.cpus().back();
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(last, &one);
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  const CpuSet pinned = CpuSet::of_task(0);
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
  EXPECT_EQ(pinned, CpuSet{last});
}

TEST(CpuSet, IsWhereAThreadRunsOnceItIsBound) {
  const CpuSet all = CpuSet::of_task(0);
  const CpuSet last{all.cpus().back()};
  bind_to(last);
  const CpuSet pinned = CpuSet::of_task(0);
  bind_to(all);
  EXPECT_EQ(pinned, last);
  EXPECT_EQ(CpuSet::of_task(0), all);
}

TEST(CpuSet, ThatHasNoCpuOfThisMachineIsNamed) {
  try {
    bind_to(CpuSet{40000});
    FAIL() << "no exception";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), EINVAL);
    EXPECT_EQ(e.message(), "bind to CPUs '40000': invalid argument");
  }
}

TEST(CpuSet, SaysWhichTaskIsGone) {
  try {
    CpuSet::of_task(0x7ffffffe);
    FAIL() << "no exception";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ESRCH);
    EXPECT_EQ(e.message(), "read the CPU affinity of thread '2147483646': no such process");
  }
}

}  // namespace
}  // namespace berth::topology
