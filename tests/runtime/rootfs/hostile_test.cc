// Root file systems made by an attacker: whatever their links say, nothing outside changes.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "base/error.h"
#include "tests/runtime/rootfs/bundle.h"

namespace berth::runtime::rootfs {
namespace fs = std::filesystem;
namespace {

using ::testing::HasSubstr;

class Hostile : public ::testing::TestWithParam<As> {
 protected:
  void SetUp() override {
    if (!can_unshare()) GTEST_SKIP() << "unshare: " << errno_text(errno);
    bundle_.file("outside/null", "mine");
    bundle_.dir("outside/pts");
    before_ = outside();
  }
  void TearDown() override { EXPECT_EQ(outside(), before_); }

  // Everything below `outside`: it is the caller's own, who could change it.
  std::string outside() const {
    std::string text;
    for (const auto& entry : fs::recursive_directory_iterator(outside_path())) {
      text += entry.path().string() + " ";
      if (entry.is_regular_file()) text += content(entry.path());
    }
    return text;
  }
  std::string outside_path() const { return bundle_.path() + "/outside"; }
  Result enter(const std::function<std::string()>& inside = [] { return std::string(); }) {
    return bundle_.enter(GetParam(), inside);
  }
  Bundle bundle_;
  std::string before_;
};
INSTANTIATE_TEST_SUITE_P(As, Hostile, ::testing::ValuesIn(kEveryone),
                         [](const auto& param) { return name_of(param.param); });

TEST_P(Hostile, DevIsALinkOut) {
  bundle_.link("rootfs/dev", outside_path());
  EXPECT_EQ(enter().error, "'/dev' is a symbolic link in the root file system");
  bundle_.usual_mounts();
  EXPECT_EQ(
      enter().error,
      "mount '/dev': '/dev' is a symbolic link in the root file system (it must be mounted on "
      "ordinary directory)");
}

TEST_P(Hostile, DevIsALinkInside) {
  bundle_.dir("rootfs/etc");
  bundle_.link("rootfs/dev", "etc");
  EXPECT_EQ(enter().error, "'/dev' is a symbolic link in the root file system");
  EXPECT_EQ(names(bundle_.rootfs() + "/etc"), "");
}

TEST_P(Hostile, ProcAndSysAreLinks) {
  for (const char* name : {"proc", "sys"}) {
    bundle_.spec.mounts.clear();
    bundle_.mount(std::string("/") + name, std::string(name) == "sys" ? "sysfs" : "proc", "x");
    bundle_.link(std::string("rootfs/") + name, outside_path());
    EXPECT_EQ(enter().error,
              std::string("mount '/") + name + "': '/" + name +
                  "' is a symbolic link in the root file system (it must be mounted on "
                  "ordinary directory)");
    fs::remove(bundle_.rootfs() + "/" + name);
  }
}

TEST_P(Hostile, NullIsALinkOut) {
  bundle_.dir("rootfs/dev");
  bundle_.link("rootfs/dev/null", outside_path() + "/null");
  EXPECT_EQ(enter().error,
            "device '/dev/null': the root file system has something else in the place of the "
            "device");
}

TEST_P(Hostile, NullIsAFile) {
  bundle_.file("rootfs/dev/null", "kept");
  const Result result = enter([] {
    struct stat st {};
    ::stat("/dev/null", &st);
    return std::string(S_ISCHR(st.st_mode) ? "device" : "file");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "device");
}

TEST_P(Hostile, ConsoleIsALinkOut) {
  bundle_.dir("rootfs/dev");
  bundle_.mount("/dev/pts", "devpts", "devpts", {"newinstance", "ptmxmode=0666", "mode=0620"});
  bundle_.link("rootfs/dev/console", outside_path() + "/null");
  const Result result = bundle_.enter(
      GetParam(),
      [](Rootfs& rootfs) {
        const int master = ::openat(rootfs.root(), "dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
        (void)::unlockpt(master);
        rootfs.mount_console(::openat(rootfs.root(), "dev/pts/0", O_RDWR | O_NOCTTY | O_CLOEXEC));
      },
      {});
  EXPECT_EQ(result.error, "'console' is a symbolic link in the root file system");
}

TEST_P(Hostile, DirectoriesInDevLeadOut) {
  bundle_.dir("rootfs/dev");
  bundle_.link("rootfs/dev/net", outside_path());
  spec::Device fifo;
  fifo.path = "/dev/net/fifo";
  fifo.type = 'p';
  bundle_.spec.linux_.devices = {fifo};
  EXPECT_EQ(enter().error, "");
}

TEST_P(Hostile, MountTargetsLeadOut) {
  bundle_.file("data/file", "data");
  bundle_.link("rootfs/absolute", outside_path());
  bundle_.link("rootfs/up", "../../../../../../../.." + outside_path());
  bundle_.link("rootfs/nested", "absolute/../up");
  bundle_.link("rootfs/file", outside_path() + "/null");
  for (const char* target : {"/absolute/x", "/up/y", "/nested/z", "/absolute"}) {
    bundle_.mount(target, "tmpfs", "tmpfs", {"size=64k"});
  }
  bundle_.mount("/file", "bind", "data/file", {"bind"});
  const Result result = enter([] { return content("/file"); });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "data");
}

TEST_P(Hostile, MountTargetsWithDotsStayInside) {
  bundle_.mount("/a/../../../../../../../.." + outside_path() + "/new", "tmpfs", "tmpfs");
  EXPECT_EQ(enter().error, "");
  EXPECT_TRUE(fs::is_directory(bundle_.rootfs() + outside_path() + "/new"));
}

TEST_P(Hostile, AMountTargetThatIsAMagicLinkGoesNowhere) {
  bundle_.usual_mounts();
  bundle_.link("rootfs/cwd", "/proc/self/cwd/outside");
  bundle_.mount("/cwd", "tmpfs", "tmpfs", {"size=64k"});
  const Result result = enter();
  EXPECT_THAT(result.error, HasSubstr("mount '/cwd': open '/cwd': "));
}

TEST_P(Hostile, MountTargetsLeadIntoProc) {
  bundle_.file("data/file", "data");
  bundle_.link("rootfs/self", "/proc/self/attr");
  bundle_.link("rootfs/loadavg", "../proc/loadavg");
  bundle_.link("rootfs/all", "proc");
  for (const auto& [target, source] :
       std::vector<std::pair<std::string, std::string>>{{"/self", "tmpfs"},
                                                        {"/self/", "data"},
                                                        {"/loadavg", "data/file"},
                                                        {"/all/sys", "tmpfs"},
                                                        {"/all", "tmpfs"}}) {
    bundle_.spec.mounts.clear();
    bundle_.usual_mounts();
    bundle_.mount(target, source == "tmpfs" ? "tmpfs" : "bind", source);
    EXPECT_EQ(enter().error, "mount '" + target.substr(0, target.find_last_not_of('/') + 1) +
                                 "': a symbolic link leads it into /proc");
  }
}

TEST_P(Hostile, MaskedPathsLeadOut) {
  bundle_.link("rootfs/masked", outside_path());
  bundle_.link("rootfs/file", outside_path() + "/null");
  bundle_.spec.linux_.masked_paths = {"/masked", "/file"};
  bundle_.spec.linux_.readonly_paths = {"/masked", "/file"};
  EXPECT_EQ(enter().error, "");
}

TEST_P(Hostile, TheContainersNullIsNotWhatMasks) {
  bundle_.file("rootfs/secret", "secret");
  bundle_.file("rootfs/dev/null", "not null");
  bundle_.mount("/dev", "bind", bundle_.rootfs() + "/dev", {"rbind"});
  bundle_.spec.linux_.masked_paths = {"/secret"};
  const Result result = enter([] { return content("/secret"); });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "");
}

TEST_P(Hostile, AProcThatIsNoProcIsRefused) {
  bundle_.dir("fake/self");
  bundle_.mount("/proc", "bind", bundle_.path() + "/fake", {"rbind"});
  EXPECT_EQ(enter().error,
            "mount '/proc': '" + bundle_.path() + "/fake' is not a proc file system");
  bundle_.spec.mounts.clear();
  bundle_.mount("/proc", "bind", "/proc/self", {"rbind"});
  EXPECT_EQ(enter().error, "mount '/proc': '/proc/self' is not a proc file system");
}

// Exchanges two names for ever, until it goes out of scope.
class Swapper {
 public:
  Swapper(const std::string& a, const std::string& b) : pid_(::fork()) {
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
  }
  ~Swapper() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Swapper(const Swapper&) = delete;
  Swapper& operator=(const Swapper&) = delete;

 private:
  pid_t pid_;
};

// While we mount, another process swaps a directory on the way for a link that leads out.
TEST_P(Hostile, AComponentIsSwappedWhileWeMount) {
  bundle_.dir("rootfs/way");
  bundle_.link("rootfs/evil", outside_path());
  bundle_.file("data/file", "data");
  bundle_.mount("/way/a/b", "tmpfs", "tmpfs", {"size=64k"});
  bundle_.mount("/way/c/file", "bind", "data/file", {"bind"});
  bundle_.spec.linux_.masked_paths = {"/way/null", "/way/pts"};
  EXPECT_EQ(enter().error, "");
  bundle_.keep_owners = true;
  const Swapper swapper(bundle_.rootfs() + "/way", bundle_.rootfs() + "/evil");
  for (int i = 0; i < 40; ++i) {
    // Either way is right: the directory or the link's target inside. An error is, too.
    const Result result = enter([] { return std::string("in"); });
    EXPECT_TRUE(result.report == "in" || result.error.starts_with("mount '/way/")) << result.error;
  }
}

}  // namespace
}  // namespace berth::runtime::rootfs
