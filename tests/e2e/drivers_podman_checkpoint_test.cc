// podman's containers, saved by criu and restored from what it has kept of them.
#include <gmock/gmock.h>

#include "tests/e2e/driver_fixtures.h"
#include "tests/support/criu.h"

namespace berth::test {
namespace {

class PodmanCheckpoint : public Podman {
 protected:
  void SetUp() override {
    if (const auto why = lacks_criu(); !why.empty()) GTEST_SKIP() << why;
    Podman::SetUp();
    if (IsSkipped()) return;
    std::filesystem::create_directory(folder_.path() + "/path");
    path_ = path_with_criu(folder_.path() + "/path");
  }
  Ran ask(const std::vector<std::string>& more) const {
    return podman(more, {.timeout = std::chrono::seconds(120), .more = {{"PATH", path_}}});
  }
  std::string inspect(const std::string& what) const {
    return without_newline(podman({"inspect", "--format", what, "c"}).out);
  }
  // Counts until it is told to end, and ends with 7.
  Ran count(const std::string& detached, const std::string& name) const {
    const char* const program =
        "i=0; until test -e /tmp/end; do i=$((i+1)); echo $i; sleep 0.1; done; exit 7";
    return podman_run({detached, "--name", name, "berth-test", "sh", "-c", program});
  }
  // Ends it, and returns where it was then. It has counted from one on and lost none; `again`: so
  // often its log goes back, for it has what the first one printed after it was saved.
  int expect_counts_to_its_end(const std::string& name, int again = 0) const {
    EXPECT_EQ(podman({"exec", name, "touch", "/tmp/end"}).status, 0);
    EXPECT_EQ(podman({"wait", name}).out, "7\n");
    std::istringstream lines(podman({"logs", name}).out);
    int last = 0;
    for (int number = 0; lines >> number; last = number) {
      if (number <= last && again-- > 0) {
        EXPECT_GT(number, 1) << "not from the beginning";
        continue;
      }
      EXPECT_EQ(number, last + 1) << name;
    }
    return last;
  }
  int counted(const std::string& name) const {
    const std::string log = podman({"logs", "--tail", "1", name}).out;
    return log.empty() ? 0 : std::stoi(log);
  }

 private:
  std::string path_;
};

TEST_F(PodmanCheckpoint, GoesOnFromItsCountAtItsTerminal) {
  ASSERT_EQ(count("-dt", "c").status, 0);
  const Ran saved = ask({"container", "checkpoint", "c"});
  ASSERT_EQ(saved.status, 0) << saved;
  EXPECT_EQ(inspect("{{.State.Status}} {{.State.Checkpointed}}"), "exited true");
  const int before = counted("c");
  const Ran restored = ask({"container", "restore", "c"});
  ASSERT_EQ(restored.status, 0) << restored;
  EXPECT_EQ(inspect("{{.State.Status}} {{.State.Checkpointed}}"), "running false");
  EXPECT_GT(expect_counts_to_its_end("c"), before);
}

TEST_F(PodmanCheckpoint, LeftRunningItGoesOnBesideTheOneThatWasMadeOfIt) {
  const std::string archive = folder_.path() + "/saved.tar";
  ASSERT_EQ(count("-d", "c").status, 0);
  const Ran saved = ask({"container", "checkpoint", "--leave-running", "--compress", "none",
                         "--export", archive, "c"});
  ASSERT_EQ(saved.status, 0) << saved;
  const Ran restored = ask({"container", "restore", "--import", archive, "--name", "other"});
  ASSERT_EQ(restored.status, 0) << restored;
  (void)expect_counts_to_its_end("other", 1);
  (void)expect_counts_to_its_end("c");
}

}  // namespace
}  // namespace berth::test
