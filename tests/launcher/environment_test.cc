#include "launcher/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::launcher {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(MergeEnvironment, BundleWinsWhereBothSetAName) {
  EXPECT_THAT(merge_environment({"PATH=/app", "A=1"}, {"PATH=/host", "HOME=/root"}, {}),
              ElementsAre("PATH=/app", "A=1", "HOME=/root"));
}

TEST(MergeEnvironment, SchedulerAndMpiNamesAreTheTasks) {
  EXPECT_THAT(merge_environment({"SLURM_PROCID=9", "PMI_FD=9", "PMIX_RANK=9", "PMIR=9"},
                                {"SLURM_PROCID=1", "PMI_FD=11", "PMIX_RANK=1", "PMIR=1"}, {}),
              ElementsAre("SLURM_PROCID=1", "PMI_FD=11", "PMIX_RANK=1", "PMIR=1"));
}

TEST(MergeEnvironment, NamesGivenByExportAreTheTasks) {
  EXPECT_THAT(merge_environment({"OMP=1", "B=1"}, {"OMP=4", "B=2"}, {"OMP"}),
              ElementsAre("OMP=4", "B=1"));
}

TEST(MergeEnvironment, PrivateVariablesAndThoseWithoutAValueAreLeftOut) {
  EXPECT_THAT(merge_environment({}, {"SLURM_BERTH_HANDOFF=4", "odd"}, {}), IsEmpty());
}

TEST(MergeEnvironment, LastOfTheBundlesDoublesWins) {
  EXPECT_THAT(merge_environment({"A=1", "A=2"}, {}, {}), ElementsAre("A=2"));
}

TEST(ExportedNames, OnlyThoseWithAValue) {
  EXPECT_THAT(exported_names("ALL,FOO=bar,BAZ,Q="), ElementsAre("FOO", "Q"));
  EXPECT_THAT(exported_names("NONE"), IsEmpty());
  EXPECT_THAT(exported_names(""), IsEmpty());
  EXPECT_THAT(exported_names("=x,,"), IsEmpty());
}

}  // namespace
}  // namespace berth::launcher
