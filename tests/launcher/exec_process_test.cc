// What `exec` makes of its options and of the container's configuration.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "launcher/verbs/exec.h"

namespace berth::launcher {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

runtime::spec::Spec configured() {
  runtime::spec::Spec spec;
  spec.process.emplace();
  spec.process->terminal = true;
  spec.process->args = {"init"};
  spec.process->env = {"A=1"};
  spec.process->cwd = "/home";
  spec.process->no_new_privileges = true;
  spec.process->oom_score_adj = 5;
  spec.process->user.umask = 077;
  spec.process->capabilities.emplace();
  spec.process->capabilities->bounding = {"CAP_KILL"};
  return spec;
}

ExecOptions command() {
  ExecOptions options;
  options.command = {"ls", "-l"};
  return options;
}

TEST(ExecProcess, KeepsWhatNoOptionChanges) {
  auto spec = configured();
  describe_process(command(), spec);
  EXPECT_THAT(spec.process->args, ElementsAre("ls", "-l"));
  EXPECT_THAT(spec.process->env, ElementsAre("A=1"));
  EXPECT_EQ(spec.process->cwd, "/home");
  EXPECT_TRUE(spec.process->no_new_privileges);
  EXPECT_FALSE(spec.process->terminal) << "only --tty gives one";
}

TEST(ExecProcess, AmbientNeedsInheritable) {
  ExecOptions options = command();
  options.capabilities = {"CAP_CHOWN", "CAP_FLY"};
  auto spec = configured();
  describe_process(options, spec);
  EXPECT_THAT(spec.process->capabilities->bounding, ElementsAre("CAP_KILL", "CAP_CHOWN"));
  EXPECT_THAT(spec.process->capabilities->effective, ElementsAre("CAP_CHOWN"));
  EXPECT_THAT(spec.process->capabilities->ambient, IsEmpty());
  EXPECT_THAT(spec.warnings, ElementsAre("--cap: 'CAP_FLY' is not a capability: it is left out"));
  spec = configured();
  spec.process->capabilities->inheritable = {"CAP_KILL"};
  describe_process(options, spec);
  EXPECT_THAT(spec.process->capabilities->ambient, ElementsAre("CAP_CHOWN"));
}

TEST(ExecProcess, AFileKeepsTheConfinementItIsSilentAbout) {
  auto spec = configured();
  replace_process(R"({"args": ["sh"], "cwd": "/"})", spec);
  EXPECT_THAT(spec.process->args, ElementsAre("sh"));
  ASSERT_TRUE(spec.process->capabilities);
  EXPECT_THAT(spec.process->capabilities->bounding, ElementsAre("CAP_KILL"));
  EXPECT_EQ(spec.process->oom_score_adj, 5);
  EXPECT_EQ(spec.process->user.umask, 077u);
  EXPECT_THAT(spec.process->env, IsEmpty());
}

TEST(ExecProcess, LabelsAreTheContainersUnlessGiven) {
  ExecOptions options = command();
  auto spec = configured();
  spec.process->apparmor_profile = "of-container";
  spec.process->selinux_label = "a:b:c";
  describe_process(options, spec);
  EXPECT_EQ(spec.process->apparmor_profile, "of-container");
  EXPECT_EQ(spec.process->selinux_label, "a:b:c");
  replace_process(R"({"args": ["sh"], "cwd": "/", "selinuxLabel": "x:y:z"})", spec);
  EXPECT_EQ(spec.process->apparmor_profile, "of-container");
  EXPECT_EQ(spec.process->selinux_label, "x:y:z");
  options.apparmor = "tight";
  options.process_label = "d:e:f";
  describe_process(options, spec);
  EXPECT_EQ(spec.process->apparmor_profile, "tight");
  EXPECT_EQ(spec.process->selinux_label, "d:e:f");
}

}  // namespace
}  // namespace berth::launcher
