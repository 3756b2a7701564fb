// Kernels other than 6.1, which the vectors are replayed on.
#include "tests/support/resctrl/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/resctrl/model.h"

namespace berth::test::resctrl {
namespace {

using testing::HasSubstr;

constexpr Kernel kAll[] = {Kernel::v4_18, Kernel::v6_1, Kernel::v6_12, Kernel::v6_18, Kernel::v7_0};

std::string status(Model& model) {
  return model.read("info/last_cmd_status").text;
}

Model& with_bad_write(Model& model) {
  EXPECT_EQ(model.write("schemata", "XX:0=1\n"), EINVAL);
  return model;
}

TEST(Profile, LinesAreReversedAndValuesPaddedInTheirTime) {
  const auto schemata = [](Kernel kernel) {
    return Model(broadwell(), Profile(kernel)).read("schemata").text;
  };
  EXPECT_EQ(schemata(Kernel::v4_18), "    L3:0=fffff;1=fffff\n    MB:0=  100;1=  100\n");
  EXPECT_EQ(schemata(Kernel::v6_1), "    MB:0=  100;1=  100\n    L3:0=fffff;1=fffff\n");
  EXPECT_EQ(schemata(Kernel::v6_12), schemata(Kernel::v6_1));
  EXPECT_EQ(schemata(Kernel::v6_18), "    MB:0=100;1=100\n    L3:0=fffff;1=fffff\n");
}

TEST(Profile, ShortMasksArePaddedUntil6_18) {
  for (const Kernel kernel : kAll) {
    Model model(broadwell(), Profile(kernel));
    ASSERT_EQ(model.write("schemata", "L3:0=f\n"), 0);
    EXPECT_THAT(model.read("schemata").text,
                HasSubstr(kernel < Kernel::v6_18 ? "0=0000f;" : "0=f;"));
  }
}

TEST(Profile, DataIsBeforeCodeInEachOrder) {
  EXPECT_EQ(Model(skylake(), Profile(Kernel::v4_18), {.cdp = true}).read("schemata").text,
            "L3DATA:0=7ff;1=7ff\nL3CODE:0=7ff;1=7ff\n    MB:0=100;1=100\n");
  EXPECT_EQ(Model(skylake(), Profile(Kernel::v6_1), {.cdp = true}).read("schemata").text,
            "    MB:0=100;1=100\nL3DATA:0=7ff;1=7ff\nL3CODE:0=7ff;1=7ff\n");
}

TEST(Profile, StatusIsClearedByMkdirAndCpusIn4_18AndFrom6_18) {
  for (const Kernel kernel : kAll) {
    const bool clears = kernel != Kernel::v6_1 && kernel != Kernel::v6_12;
    Model made(skylake(), Profile(kernel));
    ASSERT_EQ(with_bad_write(made).mkdir("a"), 0);
    EXPECT_EQ(status(made) == "ok\n", clears);
    Model model(skylake(), Profile(kernel));
    EXPECT_EQ(with_bad_write(model).write("cpus", "zz\n"), EINVAL);
    EXPECT_EQ(status(model).find('\n') + 1 == status(model).size(), clears) << status(model);
  }
}

TEST(Profile, FailuresPileUpIn6_1) {
  Model model(atom());
  for (const char* name : {"a", "b", "c"}) ASSERT_EQ(model.mkdir(name), 0);
  EXPECT_EQ(model.mkdir("d"), ENOSPC);
  EXPECT_EQ(model.mkdir("e"), ENOSPC);
  EXPECT_EQ(status(model), "Out of CLOSIDs\nOut of CLOSIDs\n");
  ASSERT_EQ(model.rmdir("a"), 0);
  ASSERT_EQ(model.mkdir("a"), 0);
  EXPECT_EQ(status(model), "Out of CLOSIDs\nOut of CLOSIDs\n");
}

TEST(Profile, AnyGroupFileClearsIn7_0) {
  for (const Kernel kernel : kAll) {
    Model model(skylake(), Profile(kernel));
    with_bad_write(model).read("schemata");
    EXPECT_EQ(status(model) == "ok\n", kernel == Kernel::v7_0);
    with_bad_write(model).read("info/L3/cbm_mask");
    EXPECT_NE(status(model), "ok\n") << "not in a group";
  }
}

TEST(Profile, AMissingNewlineIsToldIn7_0) {
  Model quiet(skylake(), Profile(Kernel::v6_18)), talking(skylake(), Profile(Kernel::v7_0));
  EXPECT_EQ(quiet.write("schemata", "L3:0=f"), EINVAL);
  EXPECT_EQ(status(quiet), "ok\n");
  EXPECT_EQ(talking.write("schemata", "L3:0=f"), EINVAL);
  EXPECT_EQ(status(talking), "schemata: Invalid input\n");
}

TEST(Profile, PidListsFrom6_7) {
  for (const Kernel kernel : kAll) {
    const bool lists = kernel >= Kernel::v6_12;
    Model model(skylake(), Profile(kernel));
    for (const pid_t pid : {10, 11, 12}) model.tasks().start(pid);
    ASSERT_EQ(model.mkdir("a"), 0);
    EXPECT_EQ(model.write("a/tasks", "10, 11 ,12\n"), lists ? 0 : EINVAL);
    EXPECT_EQ(model.read("a/tasks").text, lists ? "10\n11\n12\n" : "");
    EXPECT_EQ(model.write("tasks", "\n"), lists ? 0 : EINVAL);
    EXPECT_EQ(model.write("tasks", "10\n11\n"), EINVAL);
    EXPECT_EQ(model.write("tasks", "10,99,11\n"), lists ? ESRCH : EINVAL);
    EXPECT_EQ(status(model) == "No task 99\nError while processing task 99\n", lists);
    EXPECT_EQ(model.read("a/tasks").text, lists ? "11\n12\n" : "") << "those before it are moved";
    EXPECT_EQ(model.write("tasks", "-1\n"), EINVAL);
    EXPECT_EQ(status(model) == "Invalid pid -1\n", lists);
    EXPECT_EQ(model.write("tasks", "x\n"), EINVAL);
    EXPECT_EQ(status(model) == "Task list parsing error pid x\n", lists);
  }
}

TEST(Profile, MonitoringGroupsMoveFrom6_5) {
  for (const Kernel kernel : kAll) {
    Model model(skylake(), Profile(kernel));
    ASSERT_EQ(model.mkdir("a"), 0);
    ASSERT_EQ(model.mkdir("mon_groups/m"), 0);
    model.tasks().start(10);
    ASSERT_EQ(model.write("mon_groups/m/tasks", "10"), 0);
    const int error = model.rename("mon_groups/m", "a/mon_groups/n");
    if (kernel < Kernel::v6_12) {
      EXPECT_EQ(error, EPERM);
      continue;
    }
    EXPECT_EQ(error, 0);
    EXPECT_EQ(model.read("a/tasks").text, "10\n");
    EXPECT_EQ(model.read("a/mon_groups/n/tasks").text, "10\n");
    EXPECT_EQ(model.read("mon_groups/m/tasks").error, ENOENT);
    EXPECT_EQ(model.rename("a", "b"), EPERM);
    EXPECT_EQ(status(model), "Source must be a MON group\n");
    EXPECT_EQ(model.rename("a/mon_groups/n", "n"), EPERM);
    EXPECT_EQ(status(model), "Destination must be a mon_groups subdirectory\n");
    ASSERT_EQ(model.write("a/cpus", "1\n"), 0);
    ASSERT_EQ(model.write("a/mon_groups/n/cpus", "1\n"), 0);
    EXPECT_EQ(model.rename("a/mon_groups/n", "mon_groups/n"), EPERM);
    EXPECT_EQ(model.rename("a/mon_groups/n", "a/mon_groups/o"), 0) << "its CPUs stay its parent's";
  }
}

TEST(Profile, FilesComeWithTheirVersions) {
  for (const Kernel kernel : kAll) {
    const MountOptions options{.mba_mbps = true, .debug = kernel >= Kernel::v6_12};
    Model model(skylake(), Profile(kernel), options);
    const auto has = [&](const std::string& path) { return model.read(path).error == 0; };
    EXPECT_EQ(has("mode"), kernel >= Kernel::v6_1);
    EXPECT_EQ(has("size"), kernel >= Kernel::v6_1);
    EXPECT_EQ(has("info/L3/bit_usage"), kernel >= Kernel::v6_1);
    EXPECT_EQ(has("info/L3/sparse_masks"), kernel >= Kernel::v6_12);
    EXPECT_EQ(has("info/MB/thread_throttle_mode"), kernel >= Kernel::v6_1);
    EXPECT_EQ(has("ctrl_hw_id"), kernel >= Kernel::v6_12);
    EXPECT_EQ(has("mon_hw_id"), kernel >= Kernel::v6_12);
    EXPECT_EQ(has("mba_MBps_event"), kernel >= Kernel::v6_18);
  }
}

TEST(Profile, SmbaAndSubNumaClustersAreNew) {
  Processor processor = amd({.ids = {0, 1}, .cpus = 4});
  processor.monitor->nodes = {0, 1, 2, 3};
  for (const Kernel kernel : kAll) {
    Model model(processor, Profile(kernel));
    const bool fresh = kernel >= Kernel::v6_12;
    EXPECT_EQ(model.list("info/SMBA").error == 0, fresh);
    EXPECT_EQ(model.list("mon_data/mon_L3_01/mon_sub_L3_03").error == 0, fresh);
    EXPECT_EQ(model.read("info/L3_MON/num_rmids").text, fresh ? "128\n" : "256\n");
  }
}

TEST(Profile, RatesInMbpsAreStagedIn4_18Alone) {
  for (const Kernel kernel : kAll) {
    Model model(skylake(), Profile(kernel), {.mba_mbps = true});
    EXPECT_EQ(model.write("schemata", "MB:0=5000\nXX:0=1\n"), EINVAL);
    EXPECT_THAT(model.read("schemata").text,
                HasSubstr(kernel == Kernel::v4_18 ? "MB:0=4294967295" : "MB:0=5000"));
  }
}

TEST(Profile, AClosidKeepsItsMaskIn4_18) {
  for (const Kernel kernel : kAll) {
    Model model(skylake(), Profile(kernel));
    ASSERT_EQ(model.mkdir("a"), 0);
    ASSERT_EQ(model.write("a/schemata", "L3:0=3\n"), 0);
    ASSERT_EQ(model.rmdir("a"), 0);
    ASSERT_EQ(model.mkdir("b"), 0);
    EXPECT_EQ(model.value("L3", 0, 1), kernel == Kernel::v4_18 ? 3u : 0x7ffu);
  }
}

TEST(Profile, WordsOf4_18) {
  Model model(skylake(), Profile(Kernel::v4_18));
  const auto said = [&](const char* lines) {
    EXPECT_EQ(model.write("schemata", lines), EINVAL);
    return status(model);
  };
  EXPECT_EQ(said("XX:0=1\n"), "unknown/unsupported resource name 'XX'\n");
  EXPECT_EQ(said("L3:0=zz\n"), "non-hex character in mask zz\n");
  EXPECT_EQ(said("L3:0=505\n"), "mask 505 has non-consecutive 1-bits\n");
  EXPECT_EQ(said("L3:0=1;0=1\n"), "duplicate domain 0\n");
  EXPECT_EQ(said("MB:0=x\n"), "Non-decimal digit in MB value x\n");
}

}  // namespace
}  // namespace berth::test::resctrl
