#include "rdt/resctrl.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/message_of.h"
#include "tests/support/resctrl_tree.h"

namespace berth::rdt {
namespace {

using test::message_of;

using namespace std::chrono_literals;

TEST(Resctrl, OpensOnlyARealOne) {
  const ResctrlTree tree;
  EXPECT_FALSE(Resctrl::open(tree.path() + "/resctrl")) << "a plain directory";
  EXPECT_FALSE(Resctrl::open(tree.path() + "/nowhere"));
}

TEST(Resctrl, MakesListsAndRemovesGroups) {
  const ResctrlTree tree;
  const Resctrl resctrl = tree.resctrl();
  EXPECT_TRUE(resctrl.group_names().empty());
  EXPECT_EQ(resctrl.create("berth_b").name(), "berth_b");
  resctrl.create("berth_a");
  EXPECT_THAT(resctrl.group_names(), testing::ElementsAre("berth_a", "berth_b"));
  EXPECT_TRUE(resctrl.find("berth_a"));
  EXPECT_FALSE(resctrl.find("berth_c"));
  EXPECT_TRUE(resctrl.remove("berth_a"));
  EXPECT_FALSE(resctrl.remove("berth_a"));
  EXPECT_THAT(resctrl.group_names(), testing::ElementsAre("berth_b"));
}

TEST(Resctrl, RefusesNamesThatAreNotAGroups) {
  const ResctrlTree tree;
  for (const char* name :
       {"", ".", "..", "../x", "a/b", "info", "mon_groups", "mon_data", "a\nb"}) {
    EXPECT_THROW(tree.resctrl().create(name), Error) << name;
    EXPECT_THROW(tree.resctrl().remove(name), Error) << name;
  }
}

TEST(Resctrl, WritesAGroupsSchemataAndReadsItBack) {
  const ResctrlTree tree;
  const Resctrl resctrl = tree.resctrl();
  const Group group = resctrl.create("berth_a");
  group.write({{{"L3", {{1, 0xf0}}}, {"MB", {{0, 50}}}}});
  EXPECT_EQ(tree.schemata("berth_a"), "L3:0=7ff;1=f0\nMB:0=50;1=100\n");
  EXPECT_EQ(group.schemata().resources.at("L3").at(1), 0xf0U);
  EXPECT_EQ(tree.schemata(), "L3:0=7ff;1=7ff\nMB:0=100;1=100\n");
  resctrl.default_group().write({{{"L3", {{0, 0x700}}}}});
  EXPECT_EQ(tree.schemata(), "L3:0=700;1=7ff\nMB:0=100;1=100\n");
}

TEST(Resctrl, ToleratesBandwidthRoundedUp) {
  const ResctrlTree tree;
  const Resctrl resctrl = tree.resctrl();
  resctrl.create("berth_a").write({{{"MB", {{0, 15}}}}});
  EXPECT_EQ(tree.schemata("berth_a"), "L3:0=7ff;1=7ff\nMB:0=20;1=100\n");
}

TEST(Resctrl, ARefusedWriteSaysErrnoAndTheKernelsHint) {
  const ResctrlTree tree;
  const Resctrl resctrl = tree.resctrl();
  const Group group = resctrl.create("berth_a");
  EXPECT_EQ(message_of([&] {
              group.write({{{"L3", {{0, 0x505}}}}});
            }),
            "resctrl 'berth_a': write 'L3:0=505': invalid argument (kernel's hint: The mask 505 "
            "has non-consecutive 1-bits)");
  // For an unknown domain the kernel leaves `ok` there: errno counts.
  EXPECT_EQ(message_of([&] {
              group.write({{{"L3", {{7, 0xf}}}}});
            }),
            "resctrl 'berth_a': write 'L3:7=f': invalid argument");
  EXPECT_EQ(tree.schemata("berth_a"), "L3:0=7ff;1=7ff\nMB:0=100;1=100\n");
}

TEST(Resctrl, NoticesThatTheKernelHoldsSomethingElse) {
  ResctrlTree tree;
  const Resctrl resctrl(open_dir(AT_FDCWD, tree.path() + "/resctrl"),
                        {{}, {}, [](int, std::string_view) { return 0; }});
  EXPECT_EQ(message_of([&] {
              resctrl.default_group().write({{{"L3", {{0, 0xf}}}}});
            }),
            "resctrl 'default group': wrote 'L3:0=f' but the kernel holds 'L3:0=7ff;1=7ff "
            "MB:0=100;1=100'");
}

TEST(Resctrl, SaysHowManyGroupsThereAreWhenClassesRunOut) {
  const ResctrlTree tree({.l3_closids = 3});
  const Resctrl resctrl = tree.resctrl();
  resctrl.create("berth_a");
  resctrl.create("berth_b");
  try {
    resctrl.create("berth_c");
    FAIL() << "no exception";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ENOSPC);
    EXPECT_EQ(e.message(),
              "make resctrl group 'berth_c': no space left on device (kernel's hint: Out of "
              "CLOSIDs) (2 groups exist, the hardware has 2)");
  }
}

TEST(Resctrl, WaitsForMonitoringIdsToComeBack) {
  ResctrlTree tree;
  int busy = 2;
  tree.interfere([&](const std::string& call, const std::string&) {
    return call == "make" && busy-- > 0 ? EBUSY : 0;
  });
  const Resctrl resctrl = tree.resctrl();
  try {
    resctrl.create("berth_a", 0ms);
    FAIL() << "no exception";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), EBUSY);
  }
  EXPECT_EQ(resctrl.create("berth_a", 5s).name(), "berth_a");
  EXPECT_LT(busy, 0);
}

TEST(Resctrl, MovesTasks) {
  const ResctrlTree tree;
  const Resctrl resctrl = tree.resctrl();
  const Group group = resctrl.create("berth_a");
  EXPECT_TRUE(group.tasks().empty());
  EXPECT_TRUE(group.add_task(17));
  EXPECT_TRUE(group.add_task(4711));
  EXPECT_THAT(group.tasks(), testing::ElementsAre(17, 4711));
}

TEST(Resctrl, MakesListsAndRemovesMonitorGroups) {
  const ResctrlTree tree;
  const Resctrl resctrl = tree.resctrl();
  const Group group = resctrl.create("berth_1");
  EXPECT_TRUE(group.monitor_names().empty());
  EXPECT_EQ(group.make_monitor("job_2").name(), "berth_1/mon_groups/job_2");
  group.make_monitor("job_1.0");
  EXPECT_THAT(group.monitor_names(), testing::ElementsAre("job_1.0", "job_2"));
  EXPECT_TRUE(group.find_monitor("job_2"));
  EXPECT_FALSE(group.find_monitor("job_3"));
  EXPECT_EQ(message_of([&] { group.make_monitor("job_2"); }),
            "resctrl 'berth_1': make monitor group 'job_2': file exists");
  EXPECT_THROW(group.make_monitor("../job_2"), Error);
  EXPECT_TRUE(group.remove_monitor("job_2"));
  EXPECT_FALSE(group.remove_monitor("job_2"));
  EXPECT_THAT(group.monitor_names(), testing::ElementsAre("job_1.0"));
}

TEST(Resctrl, AMountWithoutMonitoringHasNoMonitorGroups) {
  const ResctrlTree tree({.monitor = false});
  const Resctrl resctrl = tree.resctrl();
  const Group group = resctrl.create("berth_1");
  EXPECT_TRUE(group.monitor_names().empty());
  EXPECT_FALSE(group.find_monitor("job_1"));
  EXPECT_FALSE(group.remove_monitor("job_1"));
}

TEST(Resctrl, ReadsAndSetsAGroupsMode) {
  const ResctrlTree tree;
  const Resctrl resctrl = tree.resctrl();
  const Group group = resctrl.create("berth_1");
  EXPECT_EQ(group.mode(), "shareable");
  group.set_mode("exclusive");
  EXPECT_EQ(group.mode(), "exclusive");
}

TEST(Resctrl, LockKeepsOthersOutUntilItGoes) {
  const ResctrlTree tree;
  const Resctrl resctrl = tree.resctrl();
  {
    const Resctrl::Lock lock = resctrl.lock();
    try {
      (void)resctrl.lock(20ms);
      FAIL() << "no exception";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), EWOULDBLOCK);
    }
    // The kernel document's own protocol sees it too.
    const UniqueFd other = open_dir(resctrl.root(), ".");
    EXPECT_EQ(flock(other.get(), LOCK_SH | LOCK_NB), -1);
  }
  std::jthread holder([lock = resctrl.lock()] { std::this_thread::sleep_for(50ms); });
  EXPECT_NO_THROW((void)resctrl.lock());
}

}  // namespace
}  // namespace berth::rdt
