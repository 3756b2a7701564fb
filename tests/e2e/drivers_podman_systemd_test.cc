// podman of a plain user who has a systemd of his own.
#include <gmock/gmock.h>

#include "tests/e2e/podman_of_a_user.h"

namespace berth::test {
namespace {

using ::testing::HasSubstr;

// The user's own systemd makes the scopes, below what the host's gave it.
class PodmanUnderAUsersSystemd : public PodmanOfAUser {
 protected:
  void SetUp() override {
    // A host's sessions are not a test's to start and stop, those of tests/vm are.
    if (!std::filesystem::exists("/run/systemd/system/vm.target")) {
      GTEST_SKIP() << "no systemd of the test's own";
    }
    ASSERT_EQ(test::run({"systemctl", "start", "user@1000"}).status, 0);
    PodmanOfAUser::SetUp();
  }
  void TearDown() override {
    PodmanOfAUser::TearDown();
    if (IsSkipped()) return;
    EXPECT_EQ(test::run({"systemctl", "stop", "user@1000"}).status, 0);
  }
  std::string runtime_dir() const override { return "/run/user/1000"; }
  std::string cgroup_manager() const override { return "systemd"; }
};

TEST_F(PodmanUnderAUsersSystemd, LimitsTellsAndUpdates) {
  const Ran ran = podman_run(
      {"-d", "--name", "c", "--memory", "64m", "--pids-limit", "33", "berth-test", "sleep", "300"});
  ASSERT_EQ(ran.status, 0) << ran;
  const std::string limits = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max";
  const Ran before = podman({"exec", "c", "sh", "-c", limits});
  EXPECT_EQ(before.out, "67108864\n33\n") << before;
  const std::string group = podman({"inspect", "--format", "{{.State.CgroupPath}}", "c"}).out;
  EXPECT_THAT(group, HasSubstr("/user@1000.service/"));
  EXPECT_THAT(group, HasSubstr(".scope"));

  const Ran updated = podman({"update", "--memory", "32m", "c"});
  EXPECT_EQ(updated.status, 0) << updated;
  EXPECT_EQ(podman({"exec", "c", "sh", "-c", limits}).out, "33554432\n33\n");
  EXPECT_EQ(podman({"pause", "c"}).status, 0);
  EXPECT_EQ(podman({"inspect", "--format", "{{.State.Status}}", "c"}).out, "paused\n");
  EXPECT_EQ(podman({"unpause", "c"}).status, 0);
  const Ran stats = podman({"stats", "--no-stream", "--format", "{{.PIDs}}", "c"});
  EXPECT_EQ(stats.out, "1\n") << stats;
  EXPECT_EQ(podman({"rm", "--force", "--time", "0", "c"}).status, 0);
  EXPECT_FALSE(std::filesystem::exists("/sys/fs/cgroup" + group.substr(0, group.find('\n'))));
}

}  // namespace
}  // namespace berth::test
