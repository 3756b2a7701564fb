// The policy's rules on what slurmctld has on record of a job. What they refuse is refused before
// resctrl is looked at, so this needs none; what they grant is in rdt_policy_test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/leftovers.h"
#include "tests/support/slurm_fixture.h"

namespace berth::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Words = std::vector<std::string>;

class RdtRules : public SlurmTest {
 protected:
  static void SetUpTestSuite() {
    const OpenFolder folder;
    start_with_berth(folder.write("policy.json", R"({"rdt": {
      "partitions": {"service": {"l3Allocation": "40%", "classes": {"gold": {}, "bronze": {}}}},
      "rules": [
        {"accounts": ["Physics"], "partitions": ["debug"], "allow": []},
        {"accounts": ["Physics"], "l3Max": "30%", "mbwMax": "50%", "classes": ["bronze"]},
        {"partitions": ["debug"], "exclusive": false},
        {"users": ["nobody"], "accounts": ["art"], "l3Max": "90%"}
      ]}})"),
                     {"--conf", "PartitionName=debug Nodes=ALL State=UP"});
  }

  // A step with these options is refused with this line, its own and nobody else's.
  static void expect_refused(const Words& options, const std::string& why) {
    Words words = options;
    words.insert(words.end(), {"-Q", "-n1", "--mem=20", "echo", "ran"});
    const Ran ran = srun(words);
    EXPECT_EQ(ran.status, 125) << ran;
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, HasSubstr(": error: berth: " + why + "\n"));
    EXPECT_EQ(ran.err.find("berth:"), ran.err.rfind("berth:")) << ran;
    EXPECT_THAT(leftovers(slurm().directory() + "/tmp"), IsEmpty());
  }
  static void expect_not_refused(const Words& options) {
    Words words = options;
    words.insert(words.end(), {"-Q", "-n1", "--mem=20", "echo", "ran"});
    const Ran ran = srun(words);
    EXPECT_EQ(ran.status, 0) << ran;
    EXPECT_EQ(ran.out, "ran\n");
    EXPECT_THAT(ran.err, Not(HasSubstr("refused")));
  }
};

TEST_F(RdtRules, AnAccountsCeilings) {
  expect_refused({"-A", "physics", "--l3=50%"},
                 "--l3=50% refused: the policy allows account 'physics' at most 30%");
  expect_refused({"-A", "physics", "--mbw=60%"},
                 "--mbw=60% refused: the policy allows account 'physics' at most 50%");
  expect_not_refused({"-A", "physics", "--l3=30%"});
  expect_not_refused({"-A", "chemistry", "--l3=50%"});
  expect_not_refused({"--l3=50%"});
}

TEST_F(RdtRules, AnAccountsClasses) {
  expect_refused({"-A", "physics", "--rdt-class=gold"},
                 "--rdt-class=gold refused: the policy does not allow account 'physics' this "
                 "class; allowed are bronze");
  expect_refused(
      {"--rdt-class=lead"},
      "--rdt-class=lead refused: the policy has no such class; allowed are bronze, gold");
  expect_not_refused({"-A", "physics", "--rdt-class=bronze"});
}

TEST_F(RdtRules, APartitions) {
  expect_refused({"-p", "debug", "--l3=20%"},
                 "--l3=20% refused: the policy allows partition 'debug' no exclusive ways; add "
                 "--l3-share");
  expect_not_refused({"-p", "debug", "--l3=20%", "--l3-share"});
}

TEST_F(RdtRules, AllSelectorsOfARuleMustFit) {
  expect_refused({"-A", "physics", "-p", "debug", "--l3=20%", "--l3-share"},
                 "--l3=20% refused: the policy does not allow account 'physics', partition "
                 "'debug' to ask for L3");
  expect_refused({"-A", "art", "--l3=100%"},
                 "--l3=100% refused: the policy allows user 'nobody', account 'art' at most 90%");
}

TEST_F(RdtRules, TheEnvironmentDoesNotCount) {
  const RunOptions lying{.more = {{"SLURM_JOB_ACCOUNT", "art"}, {"SLURM_JOB_PARTITION", "all"}}};
  const Ran ran = srun({"-Q", "-A", "physics", "--l3=50%",
                        "--export=ALL,SLURM_JOB_ACCOUNT=art,SLURM_ACCOUNT=art", "echo", "ran"},
                       lying);
  EXPECT_EQ(ran.status, 125) << ran;
  EXPECT_EQ(ran.out, "");
}

}  // namespace
}  // namespace berth::test
