// Mistakes that Slurm's users and admins make: what srun can see ends it before anything queues,
// what only the node sees ends the tasks with 125. One line of ours each time, nothing run on the
// host and nothing left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "base/error.h"
#include "tests/e2e/bad_case.h"
#include "tests/e2e/leftovers.h"
#include "tests/support/lacking.h"
#include "tests/support/slurm_fixture.h"

namespace berth::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
// In all texts POLICY stands for the policy's file.
class BadSrunTest : public SlurmTest {
 protected:
  static void SetUpTestSuite() {
    const OpenFolder folder;
    start_with_berth(folder.write("policy.json", "{}"), {"--memory", "1024"});
  }

  void SetUp() override {
    SlurmTest::SetUp();
    if (IsSkipped()) return;
    policy_ = slurm().directory() + "/policy/policy.json";
    slurm().write_policy("{}");
    folder_.write("bundle/config.json", here(kConfig));
    folder_.write("bundle/rootfs/empty", "");
  }

  std::string here(const std::string& text) const {
    return replaced(replaced(text, "DIR", folder_.path()), "POLICY", policy_);
  }

  Ran srun_with(const Words& options) const {
    Words words;
    for (const std::string& option : options) words.push_back(here(option));
    words.insert(words.end(), {"touch", folder_.path() + "/marker"});
    return at_once(words);
  }

  // Without what srun says where the job before is not quite gone: that it waits for resources.
  static Ran at_once(const Words& words) {
    Ran ran = srun(words);
    std::istringstream text(ran.err);
    ran.err.clear();
    for (std::string line; std::getline(text, line);) {
      if (!line.starts_with("srun: job ")) ran.err += line + "\n";
    }
    return ran;
  }

  static std::string jobs() {
    return slurm().run({"squeue", "-h", "-t", "all", "-S", "i", "-o", "%i"}).out;
  }

  // The name that Slurm's own lines call the node by.
  static std::string node() {
    return replaced(slurm().run({"sinfo", "-h", "-N", "-o", "%N"}).out, "\n", "");
  }

  // Ours and srun's own; the two come by different connections, in any order.
  static void expect_one_line_and_125(const Ran& ran, const std::string& message,
                                      const std::string& tasks) {
    std::vector<std::string> lines;
    std::istringstream text(ran.err);
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    EXPECT_THAT(lines, UnorderedElementsAre("slurmstepd-" + node() + ": error: berth: " + message,
                                            "srun: error: " + node() + ": " + tasks +
                                                ": Exited with exit code 125"));
    EXPECT_EQ(ran.status, 125);
  }

  void expect_nothing_left() const {
    EXPECT_FALSE(folder_.has("marker"));
    EXPECT_THAT(leftovers(folder_.path()), IsEmpty());
  }

  OpenFolder folder_;
  std::string policy_;
};

class BadSubmit : public BadSrunTest, public ::testing::WithParamInterface<BadCase> {};

TEST_P(BadSubmit, EndsBeforeAnythingQueues) {
  if (GetParam().change != nullptr) GetParam().change(folder_.path() + "/bundle", policy_);
  const std::string before = jobs();
  const Ran ran = srun_with(GetParam().words);
  EXPECT_EQ(ran.err, "srun: error: berth: " + here(GetParam().message) + "\n");
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(jobs(), before);
  expect_nothing_left();
}

void remove_config(const std::string& bundle, const std::string&) {
  ::unlink((bundle + "/config.json").c_str());
}

void lock_bundle(const std::string& bundle, const std::string&) {
  check(::chmod(bundle.c_str(), 0700), "chmod", bundle);
}

const std::vector<BadCase> kSubmits{
    {"NoBundle", {"--container=DIR/none"}, "--container=DIR/none: no such file or directory"},
    {"BundleIsAFile",
     {"--container=DIR/bundle/config.json"},
     "--container=DIR/bundle/config.json: not a directory (an OCI bundle is one with config.json "
     "in it)"},
    {"NoConfig",
     {"--container=DIR/bundle"},
     "--container=DIR/bundle: no config.json in it: not an OCI bundle",
     {},
     remove_config},
    {"BundleOfAnother",
     {"--container=DIR/bundle"},
     "--container=DIR/bundle: its config.json: permission denied",
     {},
     lock_bundle},
    {"BundleNamedOnTwoLines",
     {"--container=DIR/no\nne"},
     "--container=DIR/no\\x0ane: no such file or directory"},
    {"L3OfNothing", {"--l3=0"}, wrong_amount("0", "it is nothing")},
    {"L3Empty", {"--l3="}, wrong_amount("", "it is empty")},
    {"L3OfMoreThanAll", {"--l3=101%"}, wrong_amount("101%", "it is more than the whole")},
    {"L3OfUnknownUnit",
     {"--l3=4x", "--container=DIR/bundle"},
     wrong_amount("4x", "'x' is no unit")},
    {"L3ShareAlone", {"--l3-share", "--container=DIR/bundle"}, "--l3-share needs --l3"},
};

INSTANTIATE_TEST_SUITE_P(Srun, BadSubmit, ::testing::ValuesIn(kSubmits), name_of);

class BadStep : public BadSrunTest, public ::testing::WithParamInterface<BadCase> {};

TEST_P(BadStep, EndsItsTasksWithOneLine) {
  for (const auto& [name, text] : GetParam().files) {
    name == kPolicyFile ? slurm().write_policy(text) : (void)folder_.write(name, here(text));
  }
  if (GetParam().change != nullptr) GetParam().change(folder_.path() + "/bundle", policy_);
  const Ran ran = srun_with(GetParam().words);
  expect_one_line_and_125(ran, here(GetParam().message), "task 0");
  EXPECT_EQ(ran.out, "");
  expect_nothing_left();
}

void lock_config(const std::string& bundle, const std::string&) {
  check(::chmod((bundle + "/config.json").c_str(), 0600), "chmod", bundle);
}

void give_policy_away(const std::string&, const std::string& policy) {
  check(::chown(policy.c_str(), 65534, 65534), "chown", policy);
}

void open_policy_to_all(const std::string&, const std::string& policy) {
  check(::chmod(policy.c_str(), 0666), "chmod", policy);
}

void remove_policy(const std::string&, const std::string& policy) {
  ::unlink(policy.c_str());
}

const Words kContainer{"--container=DIR/bundle"};
const std::string kConfigJson = "bundle 'DIR/bundle': config.json: ";

const std::vector<BadCase> kSteps{
    {"BrokenConfig",
     kContainer,
     kConfigJson + "line 2, column 3: syntax error while parsing object key - unexpected ','; "
                   "expected string literal",
     {{kConfigFile, "{\n  ,"}}},
    {"ConfigOfTheWrongType",
     kContainer,
     kConfigJson + "process.args: expected an array of strings, found a string",
     {{kConfigFile, replaced(kConfig, R"(["touch", "DIR/marker"])", R"("touch DIR/marker")")}}},
    {"NoProcess",
     kContainer,
     kConfigJson + "process: missing",
     {{kConfigFile, R"({"ociVersion": "1.0.2", "root": {"path": "rootfs"}})"}}},
    {"AnotherUser",
     kContainer,
     kConfigJson +
         "process.user.uid: 7 cannot be had: a job's task is 0 or the job's own 65534 inside",
     {{kConfigFile, replaced(kConfig, R"("user": {})", R"("user": {"uid": 7})")}}},
    {"ConfigOfAnother",
     kContainer,
     "bundle 'DIR/bundle': open 'config.json': permission denied",
     {},
     lock_config},
    {"PolicyNotRoots",
     kContainer,
     "refuse policy 'POLICY': it belongs to uid 65534, not to root",
     {},
     give_policy_away},
    {"PolicyWritableByOthers",
     kContainer,
     "refuse policy 'POLICY': others than root may write it (chmod go-w)",
     {},
     open_policy_to_all},
    {"PolicyAbsent", kContainer, "open 'POLICY': no such file or directory", {}, remove_policy},
    {"PolicyBrokenJson",
     kContainer,
     "POLICY: line 1, column 9: not valid JSON",
     {{kPolicyFile, R"({"rdt": })"}}},
    {"PolicyUnknownKey",
     kContainer,
     "POLICY: cpus: unknown key; allowed are " + kPolicyKeys,
     {{kPolicyFile, R"({"cpus": 4})"}}},
    {"PolicyOfTheWrongType",
     kContainer,
     "POLICY: rdt.floorWays: expected a whole number, found a boolean",
     {{kPolicyFile, R"({"rdt": {"floorWays": true}})"}}},
    {"PolicyUnknownKeyWithoutContainer",
     {"--l3=50%"},
     "POLICY: cpus: unknown key; allowed are " + kPolicyKeys,
     {{kPolicyFile, R"({"cpus": 4})"}}},
};

INSTANTIATE_TEST_SUITE_P(Node, BadStep, ::testing::ValuesIn(kSteps), name_of);

TEST_F(BadSrunTest, OneTaskSpeaksForAll) {
  slurm().write_policy(R"({"cpus": 4})");
  const Ran ran = srun_with({"-n2", "--overcommit", "--container=DIR/bundle"});
  expect_one_line_and_125(ran, policy_ + ": cpus: unknown key; allowed are " + kPolicyKeys,
                          "tasks 0-1");
  expect_nothing_left();
}

TEST_F(BadSrunTest, MultiProgIsRefusedAtOnce) {
  const std::string programs = folder_.write("programs", here("0-1 touch DIR/marker"));
  const Ran ran = srun({"-n2", "--multi-prog", here("--container=DIR/bundle"), programs});
  EXPECT_EQ(ran.err,
            "srun: error: berth: --container cannot be combined with --multi-prog: its programs "
            "would run outside\n");
  EXPECT_EQ(ran.status, 1);
  expect_nothing_left();
}

// What the launcher itself finds, as the user: the line is its own.
TEST_F(BadSrunTest, ARootfsThatIsNotThere) {
  folder_.write("bundle/config.json", here(replaced(kConfig, "rootfs", "absent")));
  const Ran ran = srun_with(kContainer);
  EXPECT_THAT(ran.err, HasSubstr("': no such root file system 'absent'\n")) << ran;
  EXPECT_EQ(ran.status, 125);
  expect_nothing_left();
}

TEST_F(BadSrunTest, AProgramThatIsNotInTheContainer) {
  folder_.write("bundle/rootfs/dev/empty", "");
  folder_.write(
      "bundle/config.json",
      here(replaced(kConfig, R"("linux":)",
                    R"("mounts": [{"destination": "/dev", "type": "tmpfs"}], "linux":)")));
  const Ran ran = srun_with(kContainer);
  EXPECT_THAT(ran.err, HasSubstr("touch")) << ran;
  EXPECT_EQ(ran.status, 127);
  expect_nothing_left();
}

TEST_F(BadSrunTest, SbatchRefusesAtOnceToo) {
  const std::string before = jobs();
  const Ran ran =
      slurm().run({"sbatch", "--l3=0", "--wrap", "touch " + folder_.path() + "/marker"});
  EXPECT_EQ(ran.err, "sbatch: error: berth: " + wrong_amount("0", "it is nothing") + "\n");
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(jobs(), before);
  expect_nothing_left();
}

TEST_F(BadSrunTest, WithoutRdtAWishForCacheIsRefusedWhereThePolicySaysFail) {
  if (lacks_resctrl().empty()) GTEST_SKIP() << "this machine has resctrl: not one to test without";
  slurm().write_policy(R"({"rdt": {"options": {"l3": {"optional": false}}}})");
  const Ran ran = srun_with({"--l3=50%"});
  expect_one_line_and_125(
      ran, "--l3=50% refused: no RDT on this node (resctrl is not mounted at /sys/fs/resctrl)",
      "task 0");
  expect_nothing_left();
}

// Without a container the command runs where it always does.
TEST_F(BadSrunTest, WithoutRdtAWishForCacheIsIgnoredWithAWordWhereThePolicySaysWarn) {
  if (lacks_resctrl().empty()) GTEST_SKIP() << "this machine has resctrl: not one to test without";
  slurm().write_policy(R"({"rdt": {"options": {"l3": {"optional": true}}}})");
  const Ran ran = at_once({"--l3=50%", "echo", "ran"});
  EXPECT_EQ(ran.err, "slurmstepd-" + node() +
                         ": error: berth: no RDT on this node (resctrl is not mounted at "
                         "/sys/fs/resctrl): --l3=50% is ignored\n");
  EXPECT_EQ(ran.out, "ran\n");
  EXPECT_EQ(ran.status, 0);
  expect_nothing_left();
}

}  // namespace
}  // namespace berth::test
