// Security modules, by the command line: where this kernel has them, and where it has not.
#include <gmock/gmock.h>

#include "runtime/process/security_labels.h"
#include "tests/e2e/runtime_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using runtime::process::SecurityModules;
using ::testing::HasSubstr;

class SecurityLabels : public RuntimeFixture {
 protected:
  void confine(const std::string& key, const std::string& label) {
    configure([&](json& config) { config[json::json_pointer(key)] = label; });
  }
};

TEST_F(SecurityLabels, WithoutAppArmorAProfileIsRefused) {
  if (SecurityModules::find().apparmor) GTEST_SKIP() << "this kernel has AppArmor in force";
  script("echo here");
  confine("/process/apparmorProfile", "tight");
  const std::string c = id("a");
  const Ran ran = berth({"run", "--bundle", bundle(), c});
  EXPECT_NE(ran.status, 0);
  EXPECT_THAT(ran.err, HasSubstr("process.apparmorProfile: 'tight' cannot be applied: AppArmor is "
                                 "not enabled on this host"));
  EXPECT_TRUE(remains(c).empty());
  confine("/process/apparmorProfile", "unconfined");
  EXPECT_EQ(berth({"run", "--bundle", bundle(), id("b")}).out, "here\n");
}

TEST_F(SecurityLabels, WithoutSELinuxALabelIsRefusedAndAMountsIsPassedOver) {
  if (SecurityModules::find().selinux) GTEST_SKIP() << "this kernel has SELinux in force";
  script("echo here");
  confine("/linux/mountLabel", "u:r:t:s0");
  EXPECT_EQ(berth({"run", "--bundle", bundle(), id("a")}).out, "here\n");
  confine("/process/selinuxLabel", "u:r:t:s0");
  const Ran ran = berth({"run", "--bundle", bundle(), id("b")});
  EXPECT_NE(ran.status, 0);
  EXPECT_THAT(ran.err, HasSubstr("SELinux is not enabled on this host"));
}

TEST_F(SecurityLabels, ExecRefusesWhatItCannotApply) {
  if (SecurityModules::find().apparmor) GTEST_SKIP() << "this kernel has AppArmor in force";
  script("sleep 300");
  const std::string c = id();
  ASSERT_EQ(berth({"run", "--detach", "--bundle", bundle(), c}).status, 0);
  EXPECT_THAT(berth({"exec", "--apparmor", "tight", c, "true"}).err,
              HasSubstr("AppArmor is not enabled"));
  EXPECT_THAT(berth({"exec", "--process-label", "u:r:t:s0", c, "true"}).err,
              HasSubstr("SELinux is not enabled"));
}

// Takes a kernel that has the module, and a parser for profiles: the system's, or the one that the
// guest's packages bring.
class AppArmor : public SecurityLabels {
 protected:
  void SetUp() override {
    SecurityLabels::SetUp();
    if (IsSkipped()) return;
    if (!SecurityModules::find().apparmor) GTEST_SKIP() << "this kernel has no AppArmor in force";
    profile_ = "berth-test-" + folder_.name();
    const Ran ran = parser("-r");
    if (ran.status == 127) GTEST_SKIP() << "no apparmor_parser: " << ran.err;
    ASSERT_EQ(ran.status, 0) << ran;
  }
  void TearDown() override {
    SecurityLabels::TearDown();
    if (!profile_.empty()) (void)parser("-R");
  }
  Ran parser(const std::string& action) const {
    const std::string text = "profile " + profile_ +
                             " flags=(attach_disconnected) {\n  file,\n  capability,\n  signal,\n"
                             "  ptrace,\n  deny /dev/shm/** w,\n}\n";
    Ran ran = run({"apparmor_parser", action}, {.input = text});
    if (ran.status != 127) return ran;
    return run({BERTH_SOURCE_DIR "/build/vm/root/sbin/apparmor_parser", action}, {.input = text});
  }
  std::string profile_;
};

TEST_F(AppArmor, AProfileConfinesTheProgramAndEachMore) {
  script("exec sleep 300");
  confine("/process/apparmorProfile", profile_);
  const std::string c = id();
  ASSERT_EQ(berth({"run", "--detach", "--bundle", bundle(), c}).status, 0);
  EXPECT_EQ(berth({"exec", c, "cat", "/proc/1/attr/current"}).out, profile_ + " (enforce)\n");
  EXPECT_EQ(berth({"exec", c, "cat", "/proc/self/attr/current"}).out, profile_ + " (enforce)\n");
  EXPECT_THAT(berth({"exec", c, "touch", "/dev/shm/x"}).err, HasSubstr("Permission denied"));
  EXPECT_EQ(berth({"exec", "--apparmor", "unconfined", c, "touch", "/dev/shm/x"}).status, 0);
}

TEST_F(AppArmor, ExecTakesAProfileOfItsOwn) {
  script("exec sleep 300");
  const std::string c = id();
  ASSERT_EQ(berth({"run", "--detach", "--bundle", bundle(), c}).status, 0);
  EXPECT_EQ(berth({"exec", "--apparmor", profile_, c, "cat", "/proc/self/attr/current"}).out,
            profile_ + " (enforce)\n");
  EXPECT_THAT(berth({"exec", "--apparmor", "none-such", c, "true"}).err,
              HasSubstr("process.apparmorProfile: apply 'none-such': no such file or directory (is "
                        "it loaded into the kernel?)"));
}

}  // namespace
}  // namespace berth::test
