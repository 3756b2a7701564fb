#include "tests/support/resctrl/mount.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/resctrl/actors.h"

namespace berth::test::resctrl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Runs `what` in a child; its exit status, or minus the signal that it died of.
template <class What>
int in_child(const What& what) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(what());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

bool is_mounted(const std::string& path) {
  return read_file(AT_FDCWD, "/proc/self/mounts").find(' ' + path + ' ') != std::string::npos;
}

class MountTest : public testing::Test {
 protected:
  void SetUp() override {
    try {
      mount_ = std::make_unique<Mount>(skylake());
    } catch (const Error& error) {
      if (error.code() != EPERM && error.code() != ENOENT && error.code() != ENODEV) throw;
      GTEST_SKIP() << error.message();
    }
    root_ = mount_->root();
  }

  std::string read(const std::string& path) const { return read_file(root_.get(), path); }
  // 0 or errno.
  int write(const std::string& path, std::string_view bytes) const {
    try {
      write_file(root_.get(), path, bytes);
    } catch (const Error& error) {
      return error.code();
    }
    return 0;
  }
  int make(const std::string& path) const {
    return ::mkdirat(root_.get(), path.c_str(), 0755) == 0 ? 0 : errno;
  }
  int remove(const std::string& path) const {
    return ::unlinkat(root_.get(), path.c_str(), AT_REMOVEDIR) == 0 ? 0 : errno;
  }

  std::unique_ptr<Mount> mount_;
  UniqueFd root_;
};

TEST_F(MountTest, GroupsComeAndGoBySystemCalls) {
  EXPECT_EQ(make("a"), 0);
  EXPECT_EQ(make("a"), EEXIST);
  EXPECT_EQ(make("a/b"), EPERM);
  EXPECT_EQ(write("a/schemata", "L3:0=3\nMB:1=20\n"), 0);
  EXPECT_EQ(read("a/schemata"), "    MB:0=100;1= 20\n    L3:0=003;1=7ff\n");
  EXPECT_THAT(list_dir(open_dir(root_.get(), "a").get()),
              ElementsAre("cpus", "cpus_list", "mode", "mon_data", "mon_groups", "schemata", "size",
                          "tasks"));
  EXPECT_THAT(list_subdirectories(root_.get()), ElementsAre("a", "info", "mon_data", "mon_groups"));
  EXPECT_EQ(remove("a"), 0) << "with its files in it";
  EXPECT_EQ(remove("a"), ENOENT);
  EXPECT_EQ(remove("info"), EPERM);
}

TEST_F(MountTest, OneWriteIsOneCommand) {
  EXPECT_EQ(write("schemata", "L3:0=5\n"), EINVAL);
  EXPECT_EQ(read("info/last_cmd_status"), "The mask 5 has non-consecutive 1-bits\n");
  EXPECT_EQ(write("schemata", std::string(4096, 'x')), EINVAL);
  EXPECT_EQ(write("schemata", std::string(4097, 'x')), E2BIG);
  EXPECT_EQ(write("schemata", std::string(1 << 20, 'x')), E2BIG);
  const UniqueFd file = open_file(root_.get(), "schemata", O_RDWR | O_TRUNC);
  for (const std::string line : {"L3:0=3\n", "L3:0=7\n"}) {
    EXPECT_EQ(::write(file.get(), line.data(), line.size()), static_cast<ssize_t>(line.size()));
  }
  EXPECT_THAT(read_fd(open_file(root_.get(), "schemata", O_RDONLY).get(), "schemata"),
              HasSubstr("0=007"));
}

TEST_F(MountTest, AnOpenFileOfARemovedGroupIsGone) {
  ASSERT_EQ(make("a"), 0);
  const UniqueFd directory = open_dir(root_.get(), "a");
  const UniqueFd file = open_file(directory.get(), "schemata", O_RDWR);
  ASSERT_EQ(remove("a"), 0);
  ASSERT_EQ(make("a"), 0);
  char byte = 0;
  EXPECT_EQ(::read(file.get(), &byte, 1), -1);
  EXPECT_EQ(errno, ENODEV);
  EXPECT_EQ(::write(file.get(), "L3:0=3\n", 7), -1);
  EXPECT_EQ(errno, ENODEV);
  EXPECT_EQ(::openat(directory.get(), "tasks", O_RDONLY | O_CLOEXEC), -1);
  EXPECT_EQ(errno, ENOENT);
  EXPECT_THAT(read("a/schemata"), HasSubstr("7ff"));
}

TEST_F(MountTest, AGroupThatAnotherRemovesIsGoneAtOnce) {
  ASSERT_EQ(make("a"), 0);
  const UniqueFd directory = open_dir(root_.get(), "a");
  EXPECT_EQ(mount_->with([](Model& model) { return remove_others(model, {}); }), 1u);
  EXPECT_EQ(::openat(directory.get(), "tasks", O_RDONLY | O_CLOEXEC), -1);
  EXPECT_EQ(errno, ENOENT);
  EXPECT_THROW(list_dir(directory.get()), Error);
  EXPECT_EQ(::faccessat(root_.get(), "a", F_OK, 0), -1);
  EXPECT_EQ(mount_->with([](Model& model) { return make_all_classes(model); }), 7u);
  EXPECT_EQ(make("a"), ENOSPC);
  EXPECT_THAT(list_subdirectories(root_.get()), testing::Contains("COS7"));
}

TEST_F(MountTest, FilesCannotBeMadeOrUnlinked) {
  EXPECT_EQ(::openat(root_.get(), "new", O_CREAT | O_WRONLY | O_CLOEXEC, 0644), -1);
  EXPECT_EQ(errno, EACCES);
  EXPECT_EQ(::unlinkat(root_.get(), "schemata", 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::symlinkat("a", root_.get(), "b"), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::openat(root_.get(), "size", O_WRONLY | O_CLOEXEC), -1);
  EXPECT_EQ(errno, EACCES) << "not even by root";
}

TEST_F(MountTest, TheRootCanBeLocked) {
  ASSERT_EQ(::flock(root_.get(), LOCK_EX | LOCK_NB), 0);
  const UniqueFd other = mount_->root();
  EXPECT_EQ(::flock(other.get(), LOCK_EX | LOCK_NB), -1);
  EXPECT_EQ(errno, EWOULDBLOCK);
}

TEST_F(MountTest, RealTasksMoveAndTheirChildrenFollow) {
  ASSERT_EQ(make("a"), 0);
  int ready[2];
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    write_file(root_.get(), "a/tasks", "0");
    const pid_t child = ::fork();
    if (child != 0) (void)!::write(ready[1], &child, sizeof(child));
    for (;;) ::pause();
  }
  pid_t child = 0;
  ASSERT_EQ(::read(ready[0], &child, sizeof(child)), static_cast<ssize_t>(sizeof(child)));
  EXPECT_EQ(read("a/tasks"), fmt::format("{}\n{}\n", parent, child));
  EXPECT_EQ(write("tasks", std::to_string(child)), 0);
  EXPECT_EQ(read("a/tasks"), fmt::format("{}\n", parent));
  EXPECT_THAT("\n" + read("tasks"), HasSubstr(fmt::format("\n{}\n", child)));
  ::kill(child, SIGKILL);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  EXPECT_EQ(read("a/tasks"), "");
  EXPECT_EQ(write("a/tasks", std::to_string(parent)), ESRCH);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(MountTest, ACallFailsOnDemand) {
  for (const int error : {EBUSY, ENOSPC, ENODEV, EINTR}) {
    mount_->with([&](Model& model) {
      model.set_hook([error](const Call& call) {
        return call.operation == Operation::make && call.path == "a" ? error : 0;
      });
    });
    EXPECT_EQ(make("a"), error);
    EXPECT_EQ(make("b"), 0);
    EXPECT_EQ(remove("b"), 0);
  }
}

TEST_F(MountTest, ACallerDiesBeforeOrAfterItsCallTookEffect) {
  for (const int answer : {0, EINTR}) {
    mount_->with([&](Model& model) {
      model.set_hook([answer](const Call& call) {
        if (call.operation != Operation::make) return 0;
        ::kill(call.caller.tid, SIGKILL);
        return answer;
      });
    });
    EXPECT_EQ(in_child([&] { return make("a"); }), -SIGKILL);
    EXPECT_EQ(::faccessat(root_.get(), "a", F_OK, 0), answer == 0 ? 0 : -1);
    mount_->with([](Model& model) { model.set_hook(nullptr); });
    EXPECT_EQ(remove("a"), answer == 0 ? 0 : ENOENT);
  }
}

TEST_F(MountTest, AGroupBelongsToWhoMadeItAndOthersMayNotWrite) {
  if (::getuid() != 0) GTEST_SKIP() << "not root";
  ASSERT_EQ(make("a"), 0);
  ASSERT_EQ(::fchownat(root_.get(), "a/tasks", 65534, 65534, 0), 0);
  const auto as_nobody = [&](const std::string& path) {
    return in_child([&] {
      if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0)
        return 255;
      return write(path, "0");
    });
  };
  EXPECT_EQ(as_nobody("a/tasks"), 0);
  EXPECT_EQ(as_nobody("a/schemata"), EACCES);
  EXPECT_EQ(in_child([&] {
              if (::setresuid(65534, 65534, 65534) != 0) return 255;
              return make("b");
            }),
            EACCES);
}

TEST_F(MountTest, IsUnmountedWithFilesOpenToo) {
  const std::string path = mount_->path();
  EXPECT_TRUE(is_mounted(path));
  mount_.reset();
  EXPECT_FALSE(is_mounted(path));
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_THROW(read("schemata"), Error) << "the root is open still";
}

TEST_F(MountTest, IsUnmountedAfterItsProcessWasKilled) {
  int told[2];
  ASSERT_EQ(::pipe2(told, O_CLOEXEC), 0);
  const int death = in_child([&] {
    const Mount other(skylake());
    (void)!::write(told[1], other.path().c_str(), other.path().size() + 1);
    return ::kill(::getpid(), SIGKILL);
  });
  ASSERT_EQ(death, -SIGKILL);
  char path[64] = "";
  ASSERT_GT(::read(told[0], path, sizeof(path)), 0);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (is_mounted(path) && std::chrono::steady_clock::now() < deadline) ::usleep(1000);
  EXPECT_FALSE(is_mounted(path));
  ::close(told[0]);
  ::close(told[1]);
}

}  // namespace
}  // namespace berth::test::resctrl
