#include "runtime/process/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "tests/runtime/process/in_child.h"

namespace berth::runtime::process {
namespace {

using ::testing::ElementsAre;

TEST(Environment, OfVariablesWithOneNameTheLastStays) {
  EXPECT_THAT(complete_environment({"A=1", "HOME=/h", "B=2", "A=3", "B="}, 0),
              ElementsAre("HOME=/h", "A=3", "B="));
}

// HOME in a root of its own with this /etc/passwd.
class Home : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
    char name[] = "/tmp/berth-home-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    root_ = name;
    std::filesystem::create_directory(root_ + "/etc");
  }
  void TearDown() override {
    if (!root_.empty()) std::filesystem::remove_all(root_);
  }
  void passwd(const std::string& text) const {
    write_all(open_file(AT_FDCWD, root_ + "/etc/passwd", O_WRONLY | O_CREAT, 0644).get(), text,
              "passwd");
  }
  std::string home(uid_t uid, std::vector<std::string> env = {}) const {
    return test::in_child([&] {
      check(::chroot(root_.c_str()), "chroot");
      return complete_environment(std::move(env), uid).back();
    });
  }

  std::string root_;
};

TEST_F(Home, IsWhatTheContainerSays) {
  passwd("root:x:0:0:root:/root:/bin/sh\nbroken\nana:x:1000:100::/home/ana:/bin/sh");
  EXPECT_EQ(home(0), "HOME=/root");
  EXPECT_EQ(home(1000), "HOME=/home/ana");
  EXPECT_EQ(home(1001), "HOME=/");
}

TEST_F(Home, AnEmptyOneCountsAsMissing) {
  passwd("root:x:0:0:root:/root:/bin/sh\n");
  EXPECT_EQ(home(0, {"HOME=/old", "HOME="}), "HOME=/root");
  EXPECT_EQ(home(0, {"HOME=/mine"}), "HOME=/mine");
}

TEST_F(Home, TakesNumbersAsAWhole) {
  passwd("a:x:0x:0::/a:\nb:x: 0:0::/b:\nc:x:00000000000000000000000:0::/c:\n");
  EXPECT_EQ(home(7), "HOME=/");
}

TEST_F(Home, NeedsNoFile) {
  EXPECT_EQ(home(0), "HOME=/");
}

TEST_F(Home, AFifoKeepsNobodyWaiting) {
  ASSERT_EQ(::mkfifo((root_ + "/etc/passwd").c_str(), 0644), 0);
  EXPECT_EQ(home(0), "HOME=/");
}

}  // namespace
}  // namespace berth::runtime::process
