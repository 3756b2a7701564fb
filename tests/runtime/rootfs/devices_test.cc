#include "runtime/rootfs/devices.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "base/error.h"
#include "base/fd.h"
#include "tests/runtime/rootfs/bundle.h"

namespace berth::runtime::rootfs {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

std::string device_at(const std::string& path) {
  struct stat st {};
  if (::lstat(path.c_str(), &st) < 0) return "none";
  const char type = S_ISCHR(st.st_mode)    ? 'c'
                    : S_ISBLK(st.st_mode)  ? 'b'
                    : S_ISFIFO(st.st_mode) ? 'p'
                                           : '?';
  return type + std::to_string(::major(st.st_rdev)) + ":" + std::to_string(::minor(st.st_rdev));
}

std::string mode_of(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) < 0) return "none";
  char text[8] = {};
  (void)std::snprintf(text, sizeof text, "%o", st.st_mode & 07777U);
  return text;
}

std::string owner_of(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) < 0) return "none";
  return std::to_string(st.st_uid) + ":" + std::to_string(st.st_gid);
}

std::string link_at(const std::string& path) {
  char target[256] = {};
  return ::readlink(path.c_str(), target, sizeof target - 1) < 0 ? "none" : target;
}

spec::Device device(const std::string& path, char type, int64_t major, int64_t minor) {
  spec::Device result;
  result.path = path;
  result.type = type;
  result.major = major;
  result.minor = minor;
  return result;
}

TEST(DevicesOf, TheBundlesReplaceTheDefaultAtTheSamePath) {
  spec::Spec spec;
  EXPECT_EQ(devices_of(spec).size(), 6u);
  spec.linux_.devices = {device("/dev/random", 'c', 1, 9), device("/dev/fuse", 'c', 10, 229)};
  const auto devices = devices_of(spec);
  ASSERT_EQ(devices.size(), 7u);
  EXPECT_EQ(devices[5].path, "/dev/random");
  EXPECT_EQ(devices[5].minor, 9);
  spec.linux_.devices = {device("/dev//x/../y/", 'c', 1, 3), device("/dev/./null", 'c', 1, 3)};
  EXPECT_EQ(devices_of(spec)[5].path, "/dev/y");
  EXPECT_EQ(devices_of(spec).size(), 7u);
}

class Devices : public ::testing::TestWithParam<As> {
 protected:
  void SetUp() override {
    if (!can_unshare()) GTEST_SKIP() << "unshare: " << errno_text(errno);
  }
  // By itself, or before its namespace is entered.
  bool makes_nodes() const { return GetParam() == As::root || GetParam() == As::root_for_user; }
  Bundle bundle_;
};
INSTANTIATE_TEST_SUITE_P(As, Devices, ::testing::ValuesIn(kEveryone),
                         [](const auto& param) { return name_of(param.param); });

TEST_P(Devices, TheDefaultOnesAreThereAndWork) {
  bundle_.usual_mounts();
  const Result result = bundle_.enter(GetParam(), [] {
    std::string text;
    for (const char* name : {"null", "zero", "full", "random", "urandom", "tty"}) {
      text += device_at(std::string("/dev/") + name) + " ";
    }
    const UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    const UniqueFd zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    char byte = 'x';
    if (::write(null.get(), "x", 1) == 1 && ::read(zero.get(), &byte, 1) == 1 && byte == 0) {
      text += "work";
    }
    return text + " | " + names("/dev");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "c1:3 c1:5 c1:7 c1:8 c1:9 c5:0 work | " + kernel_core() +
                               "fd full null ptmx pts random stderr stdin stdout tty urandom zero");
}

TEST_P(Devices, LinksAndTerminals) {
  bundle_.usual_mounts();
  const Result result = bundle_.enter(GetParam(), [] {
    const UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    char slave[64] = "no terminal";
    if (master) (void)::ptsname_r(master.get(), slave, sizeof slave);
    return link_at("/dev/fd") + " " + link_at("/dev/stdin") + " " + link_at("/dev/ptmx") + " " +
           slave;
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "/proc/self/fd /proc/self/fd/0 pts/ptmx /dev/pts/0");
}

TEST_P(Devices, ATerminalBecomesTheConsole) {
  bundle_.usual_mounts();
  const Result result = bundle_.enter(
      GetParam(),
      [](Rootfs& rootfs) {
        const UniqueFd master(
            ::openat(rootfs.root(), "dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
        ASSERT_EQ(::unlockpt(master.get()), 0);
        const UniqueFd slave(::openat(rootfs.root(), "dev/pts/0", O_RDWR | O_NOCTTY | O_CLOEXEC));
        rootfs.mount_console(slave.get());
      },
      [] { return device_at("/dev/console"); });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "c136:0");
}

TEST_P(Devices, OnlyATerminalBecomesTheConsole) {
  bundle_.usual_mounts();
  const Result result =
      bundle_.enter(GetParam(),
                    [](Rootfs& rootfs) {
                      const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
                      rootfs.mount_console(null.get());
                    },
                    {});
  EXPECT_EQ(result.error, "the console is not the slave end of a terminal");
}

TEST_P(Devices, TheBundlesOwn) {
  bundle_.usual_mounts();
  auto tun = device("/dev/net/tun", 'c', 10, 200);
  tun.file_mode = 0640;
  auto zero = device("/dev//zero", 'c', 1, 5);  // a default one
  zero.file_mode = 0600;
  bundle_.spec.linux_.devices = {tun, zero, device("/dev/fifo", 'p', 0, 0)};
  if (makes_nodes()) {  // none of the host's
    bundle_.spec.linux_.devices.push_back(device("/other/null", 'u', 1, 3));
    bundle_.spec.linux_.devices.push_back(device("/dev/disk", 'b', 7, 200));
  } else if (!std::filesystem::exists("/dev/net/tun")) {
    GTEST_SKIP() << "/dev/net/tun: " << errno_text(ENOENT);
  }
  const Result result = bundle_.enter(GetParam(), [] {
    return mode_of("/dev/net/tun") + " " + mode_of("/dev/zero") + " " + device_at("/dev/net/tun") +
           " " + device_at("/dev/zero") + " " + device_at("/dev/fifo") + " " +
           device_at("/other/null") + " " + device_at("/dev/disk");
  });
  EXPECT_EQ(result.error, "");
  if (makes_nodes()) {
    EXPECT_EQ(result.report, "640 600 c10:200 c1:5 p0:0 c1:3 b7:200");
  } else {
    EXPECT_THAT(result.report, EndsWith(" c10:200 c1:5 p0:0 none none"));
  }
}

TEST_P(Devices, BelongToWhoIsNamed) {
  if (!makes_nodes()) return;  // the host's serve
  bundle_.usual_mounts();
  auto own = device("/dev/own", 'c', 1, 5);
  own.uid = GetParam() == As::root ? 7 : 0;
  bundle_.spec.linux_.devices = {own, device("/dev/roots", 'c', 1, 5)};
  bundle_.spec.linux_.uid_mappings = bundle_.spec.linux_.gid_mappings = {{0, 65534, 1}};
  const Result result = bundle_.enter(GetParam(), [] {
    const UniqueFd zero(::open("/dev/own", O_RDONLY | O_CLOEXEC));
    char byte = 'x';
    const bool works = ::read(zero.get(), &byte, 1) == 1 && byte == 0;
    return owner_of("/dev/own") + " " + owner_of("/dev/roots") + (works ? " works" : "");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, GetParam() == As::root ? "7:0 0:0 works" : "0:0 0:0 works");
}

TEST_P(Devices, ThoseThatAreThereAreTaken) {
  bundle_.usual_mounts();
  bundle_.mount("/dev/null", "bind", "/dev/null", {"bind"});
  const Result result = bundle_.enter(GetParam(), [] { return device_at("/dev/null"); });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "c1:3");
}

TEST_P(Devices, SomethingElseInTheirPlaceIsRefused) {
  bundle_.spec.linux_.devices = {device("/made/null", 'c', 1, 3)};
  const std::string place = bundle_.rootfs() + "/made/null";
  const auto refused = [&] {
    EXPECT_EQ(bundle_.enter(GetParam()).error,
              "device '/made/null': the root file system has something else in the place of the "
              "device");
    std::filesystem::remove(place);
  };
  for (const char* target : {"/dev/zero", "/nowhere", "../../../../../tmp"}) {
    bundle_.link("rootfs/made/null", target);
    refused();
  }
  bundle_.dir("rootfs/made/null");
  refused();
  ASSERT_EQ(::mkfifo(place.c_str(), 0600), 0);
  refused();
}

TEST_P(Devices, ThePseudoTerminalsMasterIsTheContainers) {
  bundle_.usual_mounts();
  bundle_.spec.linux_.devices = {device("/dev/ptmx", 'c', 5, 2)};
  const Result result = bundle_.enter(GetParam(), [] { return link_at("/dev/ptmx"); });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "pts/ptmx");
}

TEST_P(Devices, ShownOnesAreNoPrograms) {
  bundle_.usual_mounts();
  const Result result = bundle_.enter(GetParam(), [] { return mount_line("/dev/null"); });
  EXPECT_EQ(result.error, "");
  if (GetParam() == As::root) {
    EXPECT_EQ(result.report, "");
  } else {
    EXPECT_THAT(result.report, HasSubstr(" /dev/null rw,nosuid,noexec"));
  }
}

TEST_P(Devices, AHostNodeThatIsAnotherDeviceIsNotShown) {
  bundle_.usual_mounts();
  bundle_.spec.linux_.devices = {device("/dev/null", 'c', 1, 5)};
  const Result other = bundle_.enter(GetParam(), [] { return device_at("/dev/null"); });
  bundle_.spec.linux_.devices = {device("/dev/none", 'c', 1, 5)};
  const Result none = bundle_.enter(GetParam(), [] { return device_at("/dev/none"); });
  if (makes_nodes()) {
    EXPECT_EQ(other.report, "c1:5");
    EXPECT_EQ(none.report, "c1:5");
  } else {
    EXPECT_EQ(other.error, "device '/dev/null': the host's '/dev/null' is another device");
    EXPECT_EQ(none.error, "device '/dev/none': open_tree '/dev/none': no such file or directory");
  }
}

TEST_P(Devices, WithoutAMountTheyAreMadeInTheRootFileSystemAndTakenAgain) {
  for (int start = 0; start < 2; ++start) {
    const Result result = bundle_.enter(GetParam(), [] { return device_at("/dev/null"); });
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(result.report, "c1:3");
  }
}

TEST_P(Devices, TheHostsOwnDevIsLeftAlone) {
  const std::string before = names("/dev");
  bundle_.mount("/dev", "bind", "/dev", {"rbind"});
  bundle_.spec.linux_.devices = {device("/dev/new-fifo", 'p', 0, 0)};
  const Result result = bundle_.enter(GetParam(), [] { return names("/dev"); });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, before);
  EXPECT_EQ(names("/dev"), before);
}

}  // namespace
}  // namespace berth::runtime::rootfs
