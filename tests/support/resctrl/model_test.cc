// What the vectors of tests/rdt cannot show, as they are replayed on one kernel and one machine:
// other processors, tasks that are not real, limbo, figures, hooks.
#include "tests/support/resctrl/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "base/error.h"

namespace berth::test::resctrl {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

std::string status(Model& model) {
  return model.read("info/last_cmd_status").text;
}
std::string schemata(Model& model, const std::string& group = "") {
  return model.read(group.empty() ? "schemata" : group + "/schemata").text;
}

TEST(Presets, ShowTheirResources) {
  Model haswell_model(haswell());
  EXPECT_EQ(schemata(haswell_model), "L3:0=fffff;1=fffff\n");
  EXPECT_EQ(haswell_model.read("info/L3/min_cbm_bits").text, "2\n");
  EXPECT_EQ(haswell_model.read("info/L3/num_closids").text, "4\n");
  EXPECT_EQ(haswell_model.read("info/L3/bit_usage").text,
            "0=XXSSSSSSSSSSSSSSSSSS;1=XXSSSSSSSSSSSSSSSSSS\n");
  EXPECT_EQ(haswell_model.read("mon_data/mon_L3_00/llc_occupancy").error, ENOENT);

  Model broadwell_model(broadwell());
  EXPECT_EQ(schemata(broadwell_model), "    MB:0=  100;1=  100\n    L3:0=fffff;1=fffff\n");
  EXPECT_EQ(broadwell_model.read("info/MB/thread_throttle_mode").error, ENOENT);

  Model xeon(newer_xeon());
  EXPECT_EQ(schemata(xeon),
            "    MB:0=  100;1=  100\n    L2:0=0ffff;1=0ffff;2=0ffff;3=0ffff\n"
            "    L3:0=fffff;1=fffff\n");
  EXPECT_EQ(xeon.read("info/L3/shareable_bits").text, "c0001\n");
  EXPECT_EQ(xeon.read("info/L3/bit_usage").text, "0=XXSSSSSSSSSSSSSSSSSX;1=XXSSSSSSSSSSSSSSSSSX\n");

  Model atom_model(atom());
  EXPECT_EQ(schemata(atom_model), "    L2:0=ff;1=ff;2=ff;3=ff\n");
  EXPECT_EQ(atom_model.list("mon_groups").error, ENOENT);

  Model amd_model(amd(), Profile(Kernel::v6_12));
  EXPECT_EQ(schemata(amd_model),
            "  SMBA:0=2048;1=2048;2=2048;3=2048\n    MB:0=2048;1=2048;2=2048;3=2048\n"
            "    L3:0=ffff;1=ffff;2=ffff;3=ffff\n");
  EXPECT_EQ(amd_model.read("info/L3/sparse_masks").text, "1\n");
}

TEST(Presets, DomainIdsMayHaveGaps) {
  Model model(skylake({.ids = {0, 8, 24}, .cpus = 2}));
  EXPECT_EQ(schemata(model), "    MB:0=100;8=100;24=100\n    L3:0=7ff;8=7ff;24=7ff\n");
  EXPECT_EQ(model.write("schemata", "L3:8=1f\n"), 0);
  EXPECT_EQ(model.write("schemata", "L3:1=1f\n"), EINVAL);
  EXPECT_THAT(model.list("mon_data").names, ElementsAre("mon_L3_00", "mon_L3_08", "mon_L3_24"));
}

TEST(Masks, HaswellWantsTwoBits) {
  Model model(haswell());
  EXPECT_EQ(model.write("schemata", "L3:0=1\n"), EINVAL);
  EXPECT_EQ(status(model), "Need at least 2 bits in the mask\n");
  EXPECT_EQ(model.write("schemata", "L3:0=3\n"), 0);
}

TEST(Masks, AmdTakesHolesAndNone) {
  Model model(amd());
  EXPECT_EQ(model.write("schemata", "L3:0=505;1=0\n"), 0);
  EXPECT_THAT(schemata(model), HasSubstr("L3:0=0505;1=0000;2=ffff;3=ffff\n"));
  EXPECT_EQ(model.write("schemata", "MB:0=0;1=17\n"), 0);
  EXPECT_EQ(model.write("schemata", "MB:0=2049\n"), EINVAL);
  EXPECT_EQ(status(model), "MB value 2049 out of range [0,2048]\n");
}

TEST(Masks, ANewGroupGetsTheLowestRunAlone) {
  Model model(haswell());
  ASSERT_EQ(model.write("schemata", "L3:0=c0000;1=c0000\n"), 0);
  ASSERT_EQ(model.mkdir("a"), 0);
  ASSERT_EQ(model.write("a/schemata", "L3:0=1e;1=1e\n"), 0);
  ASSERT_EQ(model.write("a/mode", "exclusive\n"), 0) << status(model);
  // Bit 0 is all that is below the exclusive group's, and one bit is less than the two it takes.
  EXPECT_EQ(model.mkdir("b"), ENOSPC);
  EXPECT_THAT(status(model), HasSubstr("No space on L3:0\n"));
  EXPECT_EQ(model.list("b").error, ENOENT);
  EXPECT_EQ(model.write("a/schemata", "L3:0=1f;1=1f\n"), 0);
  EXPECT_EQ(model.mkdir("b"), 0);
  EXPECT_EQ(schemata(model, "b"), "L3:0=fffe0;1=fffe0\n");
}

TEST(Masks, AnothersPseudoLockedBitsAreSeenAndLeftAlone) {
  Model model(skylake());
  ASSERT_EQ(model.write("schemata", "L3:0=7fc\n"), 0);
  model.lock_bits("L3", 0, 3);
  EXPECT_EQ(model.read("info/L3/bit_usage").text, "0=XXSSSSSSSPP;1=XXSSSSSSSSS\n");
  EXPECT_EQ(model.write("schemata", "L3:0=7fe\n"), EINVAL);
  EXPECT_EQ(status(model), "CBM overlaps with pseudo-locked region\n");
  ASSERT_EQ(model.mkdir("a"), 0);
  EXPECT_THAT(schemata(model, "a"), HasSubstr("L3:0=7fc;1=7ff"));
}

TEST(Mode, ExclusiveMeansTheL2Too) {
  Model model(newer_xeon());
  ASSERT_EQ(model.mkdir("a"), 0);
  ASSERT_EQ(model.write("schemata", "L3:0=ffff0;1=ffff0\n"), 0);
  ASSERT_EQ(model.write("a/schemata", "L3:0=e;1=e\n"), 0);
  EXPECT_EQ(model.write("a/mode", "exclusive\n"), EINVAL);
  EXPECT_EQ(status(model), "Schemata overlaps\n");
  ASSERT_EQ(model.write("schemata", "L2:0=ff00;1=ff00;2=ff00;3=ff00\n"), 0);
  ASSERT_EQ(model.write("a/schemata", "L2:0=ff;1=ff;2=ff;3=ff\n"), 0);
  EXPECT_EQ(model.write("a/mode", "exclusive\n"), 0);
}

TEST(Mode, NoCacheNoExclusiveGroup) {
  Processor processor = skylake();
  processor.l3.reset();
  Model model(std::move(processor));
  ASSERT_EQ(model.mkdir("a"), 0);
  EXPECT_EQ(model.write("a/mode", "exclusive\n"), EINVAL);
  EXPECT_EQ(status(model), "Cannot be exclusive without CAT/CDP\n");
}

TEST(Mount, RefusesWhatTheProcessorLacks) {
  EXPECT_THROW(Model(haswell(), Profile(), {.cdp = true}), Error);
  EXPECT_THROW(Model(skylake(), Profile(), {.cdpl2 = true}), Error);
  EXPECT_THROW(Model(amd(), Profile(), {.mba_mbps = true}), Error) << "not linear";
  EXPECT_THROW(Model(skylake(), Profile(), {.debug = true}), Error) << "6.7";
  EXPECT_NO_THROW(Model(newer_xeon(), Profile(), {.cdp = true, .cdpl2 = true, .mba_mbps = true}));
}

TEST(Mount, CdpOfBothCachesHalvesTheClosids) {
  Model model(newer_xeon(), Profile(), {.cdp = true, .cdpl2 = true});
  EXPECT_THAT(model.list("info").names, ElementsAre("L2CODE", "L2DATA", "L3CODE", "L3DATA",
                                                    "L3_MON", "MB", "last_cmd_status"));
  EXPECT_EQ(model.read("info/L2DATA/num_closids").text, "4\n");
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(model.mkdir(name), 0);
  EXPECT_EQ(model.mkdir("d"), ENOSPC);
}

TEST(Tasks, AChildHasItsParentsIds) {
  Model model(skylake());
  TaskTable& tasks = model.tasks();
  tasks.start(100);
  ASSERT_EQ(model.mkdir("a"), 0);
  ASSERT_EQ(model.write("a/tasks", "100"), 0);
  tasks.fork(100, 101);
  tasks.add_thread(100, 102);
  EXPECT_EQ(model.read("a/tasks").text, "100\n101\n102\n");
  ASSERT_EQ(model.write("tasks", "100\n"), 0);
  EXPECT_EQ(model.read("a/tasks").text, "101\n102\n") << "a thread is moved alone";
  tasks.exit(101);
  ASSERT_EQ(model.rmdir("a"), 0);
  EXPECT_EQ(model.read("tasks").text, "100\n102\n");
}

TEST(Tasks, OnlyOnesOwnMayBeMoved) {
  Model model(skylake());
  model.tasks().start(100, 1000);
  ASSERT_EQ(model.mkdir("a"), 0);
  EXPECT_EQ(model.write("a/tasks", "100", {200, 1001, 0}), EPERM);
  EXPECT_EQ(status(model), "No permission to move task 100\n");
  EXPECT_EQ(model.write("a/tasks", "100", {200, 1000, 0}), 0);
  EXPECT_EQ(model.write("a/tasks", "0", {100, 1000, 0}), 0) << "itself";
}

TEST(Tasks, OfAMonitoringGroupAreItsControlGroupsToo) {
  Model model(skylake());
  model.tasks().start(100);
  ASSERT_EQ(model.mkdir("a"), 0);
  ASSERT_EQ(model.mkdir("a/mon_groups/m"), 0);
  EXPECT_EQ(model.write("a/mon_groups/m/tasks", "100"), EINVAL);
  EXPECT_EQ(status(model), "Can't move task to different control group\n");
  ASSERT_EQ(model.write("a/tasks", "100"), 0);
  ASSERT_EQ(model.write("a/mon_groups/m/tasks", "100"), 0);
  EXPECT_EQ(model.read("a/tasks").text, "100\n");
  EXPECT_EQ(model.read("a/mon_groups/m/tasks").text, "100\n");
}

TEST(Limbo, AnRmidIsBackASecondAfterItsLinesAreGone) {
  Processor processor = skylake();
  processor.monitor->rmids = 2;
  Model model(std::move(processor));
  uint64_t occupied = 20 << 20;
  model.set_figures([&](const Question&) { return occupied; });
  ASSERT_EQ(model.mkdir("a"), 0);
  EXPECT_EQ(model.mkdir("b"), ENOSPC) << "none is in limbo";
  ASSERT_EQ(model.rmdir("a"), 0);
  EXPECT_EQ(model.mkdir("b"), EBUSY);
  EXPECT_THAT(status(model), HasSubstr("Out of RMIDs\n"));
  model.advance(5s);
  EXPECT_EQ(model.mkdir("b"), EBUSY);
  occupied = 0;
  EXPECT_EQ(model.mkdir("b"), EBUSY) << "nobody has looked";
  model.advance(1s);
  EXPECT_EQ(model.mkdir("b"), 0);
}

TEST(Limbo, AFailedMkdirPutsAnRmidThereUntil6_12) {
  for (const Kernel kernel : {Kernel::v6_1, Kernel::v6_12}) {
    Processor processor = haswell();
    processor.monitor = skylake().monitor;
    processor.monitor->rmids = 5;
    Model model(std::move(processor), Profile(kernel));
    for (const char* name : {"a", "b", "c"}) ASSERT_EQ(model.mkdir(name), 0);
    EXPECT_EQ(model.mkdir("d"), ENOSPC);
    EXPECT_THAT(status(model), HasSubstr("Out of CLOSIDs"));
    EXPECT_EQ(model.mkdir("mon_groups/m"), kernel == Kernel::v6_1 ? EBUSY : 0);
  }
}

TEST(Figures, AControlGroupCountsItsMonitoringGroups) {
  Model model(skylake());
  ASSERT_EQ(model.mkdir("a"), 0);
  ASSERT_EQ(model.mkdir("a/mon_groups/m"), 0);
  model.set_figures([](const Question& question) -> std::optional<uint64_t> {
    if (question.domain == 1) return std::nullopt;
    return question.event == "llc_occupancy" ? 200000 : 1000 * question.rmid;
  });
  EXPECT_EQ(model.read("a/mon_groups/m/mon_data/mon_L3_00/llc_occupancy").text, "114688\n");
  EXPECT_EQ(model.read("a/mon_data/mon_L3_00/llc_occupancy").text, "229376\n");
  EXPECT_EQ(model.read("a/mon_data/mon_L3_00/mbm_total_bytes").text, "3000\n");
  EXPECT_EQ(model.read("a/mon_data/mon_L3_01/mbm_total_bytes").text, "Unavailable\n");
}

TEST(Figures, CanBeComputedFromTheMasks) {
  Model model(skylake());
  ASSERT_EQ(model.mkdir("a"), 0);
  ASSERT_EQ(model.write("a/schemata", "L3:0=3\n"), 0);
  model.set_figures([&](const Question& question) {
    const uint32_t mask = model.value("L3", question.domain, question.closid);
    return static_cast<uint64_t>(__builtin_popcount(mask)) * 114688;
  });
  EXPECT_EQ(model.read("a/mon_data/mon_L3_00/llc_occupancy").text, "229376\n");
  EXPECT_EQ(model.read("mon_data/mon_L3_00/llc_occupancy").text, "1261568\n");
}

TEST(Hook, FailsACallOrDoesWhatAnotherProgramWould) {
  Model model(skylake());
  ASSERT_EQ(model.mkdir("a"), 0);
  model.set_hook([&](const Call& call) {
    if (call.operation == Operation::make && call.path == "b") return EBUSY;
    if (call.operation == Operation::write && call.path == "a/schemata") return model.rmdir("a");
    return 0;
  });
  EXPECT_EQ(model.mkdir("b"), EBUSY);
  EXPECT_EQ(model.write("a/schemata", "L3:0=1\n"), ENODEV);
  EXPECT_EQ(model.list("a").error, ENOENT);
  model.set_hook(nullptr);
  EXPECT_EQ(model.mkdir("b"), 0);
}

TEST(Nodes, AHeldFileOfARemovedGroupIsGone) {
  Model model(skylake());
  ASSERT_EQ(model.mkdir("a"), 0);
  const auto file = model.root()->child("a")->child("schemata")->shared_from_this();
  ASSERT_EQ(model.rmdir("a"), 0);
  ASSERT_EQ(model.mkdir("a"), 0);
  EXPECT_EQ(model.read(*file, {}).error, ENODEV);
  EXPECT_EQ(model.write(*file, "L3:0=1\n", {}), ENODEV);
}

TEST(Nodes, BelongToWhoMadeThem) {
  Model model(skylake());
  ASSERT_EQ(model.mkdir("a", 0700, {100, 1000, 1001}), 0);
  const Node& directory = *model.root()->child("a");
  EXPECT_EQ(directory.mode & 07777, 0700u);
  EXPECT_EQ(directory.child("tasks")->uid, 1000u);
  EXPECT_EQ(directory.child("mon_groups")->gid, 1001u);
}

TEST(Cpus, AnOfflineCpuCannotBeAssigned) {
  Model model(skylake());
  ASSERT_EQ(model.mkdir("a"), 0);
  model.set_online(3, false);
  EXPECT_EQ(model.read("cpus_list").text, "0-2\n");
  EXPECT_EQ(model.write("a/cpus_list", "3\n"), EINVAL);
  EXPECT_EQ(status(model), "Can only assign online CPUs\n");
  model.set_online(3, true);
  EXPECT_EQ(model.write("a/cpus_list", "3\n"), 0);
}

}  // namespace
}  // namespace berth::test::resctrl
