// Images in which the container's user may make nothing.
#include "runtime/rootfs/overlay.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "base/error.h"
#include "tests/runtime/rootfs/bundle.h"

namespace berth::runtime::rootfs {
namespace fs = std::filesystem;
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr As kOthers[] = {As::user, As::self, As::root_for_user};

class Overlay : public ::testing::TestWithParam<As> {
 protected:
  void SetUp() override {
    if (!can_unshare()) GTEST_SKIP() << "unshare: " << errno_text(errno);
    bundle_.keep_owners = true;
    bundle_.file("data/hello", "from outside");
    for (const char* name : {"proc", "sys", "dev", "opt"})
      bundle_.dir(std::string("rootfs/") + name);
    bundle_.file("rootfs/etc/name", "image");
    bundle_.usual_mounts();
  }

  // Every path of the image with what would tell of a change.
  std::string image() const {
    std::string text;
    for (const auto& entry : fs::recursive_directory_iterator(bundle_.rootfs())) {
      struct stat st {};
      check(::lstat(entry.path().c_str(), &st), "lstat");
      text += entry.path().string() + " " + std::to_string(st.st_mode) + " " +
              std::to_string(st.st_uid) + " " + std::to_string(st.st_ctim.tv_nsec) + "\n";
    }
    return text;
  }
  Result enter(const std::function<std::string()>& inside) {
    return bundle_.enter(GetParam(), inside);
  }
  // The same where `prepare` may mount: the mount namespace is a thread's own.
  Result enter_after(const std::function<void()>& prepare,
                     const std::function<std::string()>& inside) {
    Result result;
    std::thread([&] {
      try {
        check(::unshare(CLONE_NEWNS), "unshare");
        check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount");
        prepare();
        result = enter(inside);
      } catch (const std::exception& e) {
        result.error = e.what();
      }
    }).join();
    return result;
  }
  Bundle bundle_;
};
INSTANTIATE_TEST_SUITE_P(As, Overlay, ::testing::ValuesIn(kOthers),
                         [](const auto& param) { return name_of(param.param); });

TEST_P(Overlay, MissingMountPointsAreMadeInIt) {
  bundle_.mount("/spool/pmix.7.0/deep", "bind", bundle_.path() + "/data", {"rbind"});
  bundle_.mount("/opt/site/hello", "bind", "data/hello", {"bind"});  // relative to the bundle
  bundle_.binds = {{.source = bundle_.path() + "/data", .destination = "/opt/a b:c,d"}};
  const std::string before = image();
  const Result result = enter([] {
    return content("/spool/pmix.7.0/deep/hello") + "|" + content("/opt/site/hello") + "|" +
           content("/opt/a b:c,d/hello") + "|" + content("/etc/name") + "|" + names("/") + "\n" +
           content("/proc/self/mountinfo");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_THAT(result.report, HasSubstr("from outside|from outside|from outside|image|"
                                       "dev etc opt proc spool sys\n"));
  EXPECT_THAT(result.report, ContainsRegex(" / / rw,[a-z,]* - overlay overlay rw,"));
  EXPECT_THAT(result.report, Not(HasSubstr(" - tmpfs berth")));
  EXPECT_EQ(image(), before);
}

TEST_P(Overlay, WhatIsWrittenStaysOutOfTheImage) {
  bundle_.dir("rootfs/tmp");
  bundle_.dir("rootfs/var/tmp");
  ASSERT_EQ(::chmod((bundle_.rootfs() + "/tmp").c_str(), 01777), 0);
  ASSERT_EQ(::chmod((bundle_.rootfs() + "/var/tmp").c_str(), 01777), 0);
  bundle_.mount("/spool/x", "bind", "data", {"rbind"});
  const std::string before = image();
  const Result result = enter([] {
    struct stat st {};
    ::stat("/tmp", &st);
    return std::string(writable("/") ? "w" : "r") + (writable("/spool") ? "w" : "r") +
           (writable("/tmp") ? "w" : "r") + (writable("/var/tmp") ? "w" : "r") +
           ((st.st_mode & 07777) == 01777 ? "" : " mode");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "wwww");
  EXPECT_EQ(image(), before);
}

TEST_P(Overlay, AReadOnlyRootStaysSo) {
  bundle_.spec.root->readonly = true;
  bundle_.mount("/spool/x", "tmpfs", "tmpfs", {"mode=755"});
  const Result result = enter([] {
    return std::string(writable("/") ? "w" : "r") + (writable("/spool") ? "w" : "r") +
           (writable("/spool/x") ? "w" : "r") + mount_line("/");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_THAT(result.report, HasSubstr("rrw"));
  EXPECT_THAT(result.report, ContainsRegex(" / / ro,[a-z,]* - overlay "));
}

TEST_P(Overlay, NoneWhereEveryMountPointExists) {
  bundle_.dir("rootfs/spool");
  bundle_.link("rootfs/run", "spool");
  bundle_.mount("/run", "tmpfs", "tmpfs", {"mode=755"});
  bundle_.mount("/etc/name", "bind", "data/hello", {"bind"});
  // In a tmpfs of the plan, also by way of a link.
  bundle_.mount("/dev/shm", "tmpfs", "shm", {"mode=1777", "size=64k"});
  bundle_.mount("/spool/made", "bind", "data", {"rbind"});
  bundle_.binds = {{.source = "/no/such/file", .destination = "/none", .optional = true}};
  const Result result =
      enter([] { return content("/run/made/hello") + "|" + content("/proc/self/mountinfo"); });
  EXPECT_EQ(result.error, "");
  EXPECT_THAT(result.report, HasSubstr("from outside|"));
  EXPECT_THAT(result.report, Not(HasSubstr(" - overlay ")));
}

TEST_P(Overlay, NoneWhereTheMountPointsCanBeMade) {
  bundle_.keep_owners = false;
  bundle_.mount("/spool/x", "bind", "data", {"rbind"});
  const Result result = enter([] { return content("/proc/self/mountinfo"); });
  EXPECT_EQ(result.error, "");
  EXPECT_THAT(result.report, Not(HasSubstr(" - overlay ")));
  EXPECT_TRUE(fs::is_directory(bundle_.rootfs() + "/spool/x"));
}

TEST_P(Overlay, HoldsDevicesOfAnImageWithoutAMountOnDev) {
  bundle_.spec.mounts.clear();
  const std::string before = image();
  const Result result = enter([] { return content("/dev/null") + "|" + names("/dev"); });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report,
            "|" + kernel_core() + "fd full null ptmx random stderr stdin stdout tty urandom zero");
  EXPECT_EQ(image(), before);
}

TEST_P(Overlay, LinksThatLeadOutStayInside) {
  bundle_.dir("outside/there");
  ASSERT_EQ(::chmod((bundle_.path() + "/outside").c_str(), 0777), 0);
  ASSERT_EQ(::chmod((bundle_.path() + "/outside/there").c_str(), 0777), 0);
  bundle_.link("rootfs/evil", bundle_.path() + "/outside/there");
  bundle_.link("rootfs/up", "../../../../../../../.." + bundle_.path() + "/outside");
  bundle_.link("rootfs/loop", "loop");
  bundle_.mount("/evil/deep/x", "bind", "data", {"rbind"});
  bundle_.mount("/up/new", "bind", "data/hello", {"bind"});
  const std::string before = image();
  const std::string out = bundle_.path() + "/outside";
  const Result result = enter([&] {
    return content("/evil/deep/x/hello") + "|" + content(out + "/new") + "|" +
           content(out + "/there/deep/x/hello");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "from outside|from outside|from outside");
  EXPECT_EQ(names(out), "there");
  EXPECT_EQ(names(out + "/there"), "");
  EXPECT_EQ(image(), before);
  bundle_.mount("/loop/x", "tmpfs", "tmpfs");
  EXPECT_THAT(enter([] { return std::string(); }).error,
              HasSubstr("mount '/loop/x': open '/loop/x': "));
}

TEST_P(Overlay, ADevThatIsALinkIsRefusedAsEver) {
  fs::remove(bundle_.rootfs() + "/dev");
  bundle_.link("rootfs/dev", "/opt");
  bundle_.mount("/spool/x", "bind", "data", {"rbind"});
  EXPECT_EQ(
      enter([] { return std::string(); }).error,
      "mount '/dev': '/dev' is a symbolic link in the root file system (it must be mounted on "
      "ordinary directory)");
}

// overlayfs would show the directory without the host's mount.
TEST_P(Overlay, TheFirstReasonIsKeptWhereThereCanBeNone) {
  bundle_.mount("/spool/x", "bind", "data", {"rbind"});
  const std::string mounted = bundle_.rootfs() + "/opt";
  const Result result = enter_after(
      [&] { check(::mount("tmpfs", mounted.c_str(), "tmpfs", 0, "mode=755"), "mount", mounted); },
      [] { return std::string(); });
  EXPECT_EQ(result.error,
            "mount '/spool/x': mkdir '/spool/x': permission denied (no overlay: the host has a "
            "mount in it, '" +
                mounted + "')");
}

TEST_P(Overlay, TheImagesFlagsHold) {
  bundle_.mount("/spool/x", "bind", "data", {"rbind"});
  const std::string root = bundle_.rootfs();
  const Result result = enter_after(
      [&] {
        check(::mount(root.c_str(), root.c_str(), nullptr, MS_BIND, nullptr), "mount", root);
        constexpr unsigned long kFlags = MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV;
        check(::mount(nullptr, root.c_str(), nullptr, kFlags, nullptr), "remount", root);
      },
      [] { return content("/spool/x/hello") + mount_line("/"); });
  EXPECT_EQ(result.error, "");
  EXPECT_THAT(result.report, HasSubstr("from outside"));
  EXPECT_THAT(result.report, ContainsRegex(" / / rw,nosuid,nodev,[a-z,]* - overlay "));
}

class OverlayOfRoot : public Overlay {};
INSTANTIATE_TEST_SUITE_P(As, OverlayOfRoot, ::testing::Values(As::root),
                         [](const auto& param) { return name_of(param.param); });

TEST_P(OverlayOfRoot, AReadOnlyImage) {
  bundle_.file("rootfs/etc/removed", "image");
  bundle_.mount("/spool/x", "bind", "data", {"rbind"});
  const std::string root = bundle_.rootfs();
  const std::string before = image();
  const Result result = enter_after(
      [&] {
        check(::mount(root.c_str(), root.c_str(), nullptr, MS_BIND, nullptr), "mount", root);
        check(::mount(nullptr, root.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr),
              "remount", root);
      },
      [] {
        ::unlink("/etc/removed");
        return content("/spool/x/hello") + "|" + (writable("/etc") ? "w" : "r") + "|" +
               names("/etc");
      });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "from outside|w|name");
  EXPECT_EQ(image(), before);
}

}  // namespace
}  // namespace berth::runtime::rootfs
