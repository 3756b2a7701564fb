// containerd's tasks, saved by criu: in a folder, and in an image from which another task goes on.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>

#include "tests/e2e/driver_fixtures.h"
#include "tests/support/criu.h"

namespace berth::test {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr auto kLong = std::chrono::seconds(120);  // an emulated machine takes its time
constexpr const char* kImage = "berth.test/tree:1";
constexpr const char* kSaved = "berth.test/saved:1";

class ContainerdCheckpoint : public Containerd {
 protected:
  void SetUp() override {
    if (const auto why = lacks_criu(); !why.empty()) GTEST_SKIP() << why;
    Containerd::SetUp();
    if (IsSkipped()) return;
    (void)path_with_criu(folder_.path() + "/path");  // the daemon's
  }
  Ran ask(const std::vector<std::string>& more) const {
    return run(ctr_words(more), {.timeout = kLong});
  }
  // An image of one layer, as `docker save` has it.
  void import_image() const {
    const Ran ran = run(
        {"sh", "-c",
         "cd \"$1\" && mkdir image && cd image && tar -C \"$2\" -cf layer.tar . &&"
         "id=$(sha256sum layer.tar) && id=sha256:${id%% *} &&"
         R"(echo '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["'$id'"]}}' >c.json &&)"
         R"(echo '[{"Config":"c.json","RepoTags":["'$3'"],"Layers":["layer.tar"]}]' >manifest.json &&)"
         "tar -cf ../image.tar manifest.json c.json layer.tar",
         "sh", folder_.path(), driver_rootfs(), kImage});
    ASSERT_EQ(ran.status, 0) << ran;
    const Ran imported =
        ask({"images", "import", "--snapshotter", "native", folder_.path() + "/image.tar"});
    ASSERT_EQ(imported.status, 0) << imported;
  }
  // Counts until USR1, and ends with 7.
  std::vector<std::string> counting() const {
    std::vector<std::string> words{"run", "--snapshotter", "native", "--runc-binary", kBerth};
    if (systemd_runs()) {
      words.insert(words.end(), {"--runc-systemd-cgroup", "--cgroup", "system.slice:ctr:" + id()});
    }
    const char* const program =
        "trap 'exit 7' USR1; i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done";
    words.insert(words.end(), {kImage, id(), "/bin/sh", "-c", program});
    return ctr_words(words);
  }
  static std::vector<int> numbers(const std::string& text) {
    std::vector<int> found;
    std::istringstream lines(text.substr(0, text.rfind('\n') + 1));
    for (int number = 0; lines >> number;) found.push_back(number);
    return found;
  }
  Ran end_of(Running& running) const {
    EXPECT_EQ(ask({"tasks", "kill", "--signal", "USR1", id()}).status, 0);
    return running.wait();
  }
  static bool come(Running& running, size_t enough) {
    const auto end = std::chrono::steady_clock::now() + kLong;
    while (numbers(running.out_so_far()).size() < enough) {
      if (std::chrono::steady_clock::now() > end) return false;
      ::usleep(20'000);
    }
    return true;
  }
};

TEST_F(ContainerdCheckpoint, AnotherTaskGoesOnFromTheImageOfOne) {
  import_image();
  Running first(counting(), {.timeout = kLong});
  ASSERT_TRUE(come(first, 10)) << first.wait();
  const Ran saved = ask({"containers", "checkpoint", "--image", "--task", id(), kSaved});
  ASSERT_EQ(saved.status, 0) << saved;
  const size_t then = numbers(first.out_so_far()).size();
  EXPECT_TRUE(come(first, then + 1)) << "it goes on: " << first.wait();
  EXPECT_EQ(end_of(first).status, 7);
  EXPECT_EQ(ask({"containers", "rm", id()}).status, 0);

  const Ran restored = ask({"containers", "restore", "--live", id(), kSaved});
  ASSERT_EQ(restored.status, 0) << restored;
  Running second(ctr_words({"tasks", "attach", id()}), {.timeout = kLong});
  ASSERT_TRUE(come(second, 3)) << second.wait();
  const Ran ended = end_of(second);
  EXPECT_EQ(ended.status, 7) << ended;
  const std::vector<int> more = numbers(restored.out + ended.out);
  EXPECT_GT(more.front(), 10) << "not from the beginning";
  EXPECT_TRUE(std::ranges::is_sorted(more)) << restored << ended;
}

TEST_F(ContainerdCheckpoint, IsSavedInAFolderAndGoesOnOrEnds) {
  const std::string images = folder_.path() + "/images", work = folder_.path() + "/work";
  ASSERT_EQ(ctr_run({"-d"}, {"/bin/sleep", "300"}).status, 0);
  const Ran saved = ask({"tasks", "checkpoint", "--image-path", images, "--work-path", work, id()});
  ASSERT_EQ(saved.status, 0) << saved;
  EXPECT_TRUE(fs::exists(images + "/descriptors.json"));
  EXPECT_TRUE(fs::exists(work + "/dump.log"));
  EXPECT_THAT(ctr({"tasks", "ls"}).out, HasSubstr("RUNNING"));
  const Ran ended = ask({"tasks", "checkpoint", "--exit", "--image-path", images + "2", id()});
  ASSERT_EQ(ended.status, 0) << ended;
  EXPECT_TRUE(fs::exists(images + "2/descriptors.json"));
  EXPECT_TRUE(come_to("STOPPED"));
}

}  // namespace
}  // namespace berth::test
