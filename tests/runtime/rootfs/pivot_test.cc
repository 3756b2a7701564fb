#include "runtime/rootfs/pivot.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

#include "base/error.h"
#include "tests/runtime/rootfs/bundle.h"

namespace berth::runtime::rootfs {
namespace {

TEST(RootPropagation, FollowsTheSpecification) {
  const RootPropagation slave{.host = {MS_SLAVE, true}, .final = {}};
  EXPECT_EQ(propagation_of(""), slave);
  EXPECT_EQ(propagation_of("slave"), slave);
  EXPECT_EQ(propagation_of("rslave"), slave);
  EXPECT_EQ(propagation_of("private"), (RootPropagation{.host = {MS_PRIVATE, true}, .final = {}}));
  EXPECT_EQ(propagation_of("rshared"),
            (RootPropagation{.host = {}, .final = {MS_SHARED, true}, .shared = true}));
  EXPECT_EQ(propagation_of("unbindable"),
            (RootPropagation{.host = {MS_SLAVE, true}, .final = {MS_UNBINDABLE, false}}));
}

class Pivot : public ::testing::TestWithParam<As> {
 protected:
  void SetUp() override {
    if (!can_unshare()) GTEST_SKIP() << "unshare: " << errno_text(errno);
  }
  Bundle bundle_;
};
INSTANTIATE_TEST_SUITE_P(As, Pivot, ::testing::ValuesIn(kEveryone),
                         [](const auto& param) { return name_of(param.param); });

TEST_P(Pivot, TheHostIsGone) {
  bundle_.usual_mounts();
  bundle_.file("rootfs/marker", "here");
  const Result result = bundle_.enter(GetParam(), [] {
    char cwd[256] = {};
    (void)!::getcwd(cwd, sizeof cwd);
    return content("/marker") + " " + cwd + " " + names("/");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "here / dev marker proc sys");
}

// What a node without a disk needs.
TEST_P(Pivot, ARootThatCannotBeExchangedIsCovered) {
  bundle_.usual_mounts();
  bundle_.file("rootfs/marker", "here");
  const Result result =
      bundle_.enter(GetParam(),
                    [](Rootfs& rootfs) {
                      cover_root(rootfs.root());
                      // A new user namespace is refused to a process whose root is not its mount
                      // namespace's.
                      if (::unshare(CLONE_NEWUSER) < 0)
                        throw std::runtime_error("unshare: chrooted");
                      throw std::runtime_error(content("/marker") + " " + names("/"));
                    },
                    {});
  EXPECT_EQ(result.error, "here dev marker proc sys");
}

TEST_P(Pivot, ReadOnlyRootLeavesMountsWritable) {
  bundle_.spec.root->readonly = true;
  bundle_.mount("/tmp", "tmpfs", "tmpfs", {"mode=1777"});
  const Result result = bundle_.enter(GetParam(), [] {
    return std::string(writable("/") ? "w" : "r") + (writable("/tmp") ? "w" : "r");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "rw");
}

TEST_P(Pivot, AProgramOfTheRootFileSystemRuns) {
  const std::string busybox = "/bin/busybox";
  if (!std::filesystem::exists(busybox)) GTEST_SKIP() << "no static busybox";
  bundle_.usual_mounts();
  bundle_.dir("rootfs/bin");
  std::filesystem::copy_file(busybox, bundle_.rootfs() + "/bin/busybox");
  const Result result = bundle_.enter(GetParam(), [] {
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::execl("/bin/busybox", "sh", "-c", "echo $$ >/dev/null && test -r /proc/self/stat", nullptr);
      ::_exit(127);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return std::to_string(WEXITSTATUS(status));
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "0");
}

TEST_P(Pivot, RootPathsThatAreWrong) {
  bundle_.spec.root->path = "none";
  EXPECT_EQ(bundle_.enter(GetParam()).error, "no such root file system 'none'");
  bundle_.file("plain");
  bundle_.spec.root->path = "plain";
  EXPECT_EQ(bundle_.enter(GetParam()).error, "root file system 'plain' is not a directory");
  bundle_.spec.root->path = bundle_.rootfs();  // absolute is fine
  EXPECT_EQ(bundle_.enter(GetParam()).error, "");
}

TEST_P(Pivot, EveryPropagationStarts) {
  bundle_.usual_mounts();
  for (const char* propagation : {"", "private", "rprivate", "slave", "rslave", "shared", "rshared",
                                  "unbindable", "runbindable"}) {
    bundle_.spec.linux_.rootfs_propagation = propagation;
    const Result result = bundle_.enter(GetParam(), [] { return mount_line("/"); });
    EXPECT_EQ(result.error, "") << propagation;
    const bool shared = std::string(propagation).ends_with("shared");
    EXPECT_EQ(result.report.find(" shared:") != std::string::npos, shared)
        << propagation << ": " << result.report;
  }
}

}  // namespace
}  // namespace berth::runtime::rootfs
