// Who may move processes, on directories that look as a hierarchy does.
#include "runtime/cgroup/delegation.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/error.h"
#include "tests/support/become.h"
#include "tests/support/temporary_folder.h"

namespace berth::runtime::cgroup {
namespace {

class MayMoveInto : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
    make("");
    make("user");
    make("user/session");
    make("user/manager");
    make("user/manager/app");
    make("user/manager/app2");
  }
  void make(const std::string& group) const {
    std::filesystem::create_directories(folder_.path() + "/" + group);
    (void)folder_.write(group + "/cgroup.procs", "");
  }
  void give(const std::string& group) const {
    const std::string file = folder_.path() + "/" + group + "/cgroup.procs";
    check(::chown(file.c_str(), test::kNobody, test::kNobody), "chown", file);
  }
  // As a plain user who is in the group `from`.
  bool may(const std::string& from, const std::string& into) const {
    Hierarchy hierarchy;
    hierarchy.v2 = folder_.path();
    hierarchy.v2_root = "/";
    const pid_t pid = check(::fork(), "fork");
    if (pid == 0) {
      try {
        test::become(test::kNobody);
        ::_exit(may_move_into(hierarchy, "0::/" + from + "\n", into) ? 0 : 1);
      } catch (...) {
        ::_exit(2);
      }
    }
    int status = -1;
    check(::waitpid(pid, &status, 0), "waitpid");
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) < 2) << status;
    return status == 0;
  }

  test::TemporaryFolder folder_{0755};
};

TEST_F(MayMoveInto, TakesTheGroupAboveBoth) {
  give("user/manager/app");
  EXPECT_FALSE(may("user/session", "user/manager/app"));
  give("user/manager");
  EXPECT_FALSE(may("user/session", "user/manager/app")) << "both are below user alone";
  EXPECT_TRUE(may("user/manager/app2", "user/manager/app"));
  EXPECT_TRUE(may("user/manager", "user/manager/app")) << "it is above itself";
  EXPECT_TRUE(may("user/manager/app", "user/manager/app"));
  give("user");
  EXPECT_TRUE(may("user/session", "user/manager/app"));
  EXPECT_FALSE(may("", "user/manager/app"));
}

TEST_F(MayMoveInto, TakesTheGroupItself) {
  give("user");
  EXPECT_FALSE(may("user/session", "user/manager/app"));
  EXPECT_FALSE(may("user/session", "user/gone"));
}

// Of which one is the other's beginning.
TEST_F(MayMoveInto, NamesAreWholeOnes) {
  give("user/manager/app");
  give("user/manager/app2");
  EXPECT_FALSE(may("user/manager/app", "user/manager/app2"));
}

}  // namespace
}  // namespace berth::runtime::cgroup
