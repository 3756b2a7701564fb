// Real mounts, as root and in user namespaces.
#include "runtime/rootfs/mounts.h"
#include "base/error.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "tests/runtime/rootfs/bundle.h"

namespace berth::runtime::rootfs {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Mounts : public ::testing::TestWithParam<As> {
 protected:
  void SetUp() override {
    if (!can_unshare()) GTEST_SKIP() << "unshare: " << errno_text(errno);
  }
  Result enter(const std::function<std::string()>& inside) {
    return bundle_.enter(GetParam(), inside);
  }
  Bundle bundle_;
};
INSTANTIATE_TEST_SUITE_P(As, Mounts, ::testing::ValuesIn(kEveryone),
                         [](const auto& param) { return name_of(param.param); });

TEST_P(Mounts, TheUsualOnesOfAFullContainer) {
  using spec::NamespaceType;
  bundle_.usual_mounts();
  bundle_.mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=64k"});
  bundle_.mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"});
  bundle_.namespaces = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC;
  bundle_.spec.linux_.namespaces = {{NamespaceType::pid, {}},
                                    {NamespaceType::network, {}},
                                    {NamespaceType::ipc, {}},
                                    {NamespaceType::mount, {}}};
  const Result result = enter([] {
    return std::to_string(::getpid()) + "\n" + mount_line("/proc") + "\n" + mount_line("/sys") +
           "\n" + mount_line("/dev/shm") + "\n" + mount_line("/dev/mqueue") + "\n" +
           mount_line("/dev/pts");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_THAT(result.report, StartsWith("1\n"));
  EXPECT_THAT(result.report, HasSubstr(" - proc proc rw"));
  EXPECT_THAT(result.report, HasSubstr(" /sys ro,nosuid,nodev,noexec,relatime"));
  EXPECT_THAT(result.report, HasSubstr(" - tmpfs shm rw,size=64k"));
  EXPECT_THAT(result.report, HasSubstr(" - mqueue mqueue"));
  EXPECT_THAT(result.report, HasSubstr(" - devpts devpts"));
}

TEST_P(Mounts, TheUsualOnesWithTheHostsNamespaces) {
  bundle_.usual_mounts();
  bundle_.mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"});
  const Result result = enter([] {
    return content("/proc/self/comm") + mount_line("/sys") + "\n" +
           (writable("/sys/fs") ? "writable" : "read-only");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_THAT(result.report, StartsWith("runtime_rootfs_"));
  EXPECT_THAT(result.report, HasSubstr(" /sys ro,nosuid,nodev,noexec,relatime"));
  EXPECT_THAT(result.report, HasSubstr("read-only"));
}

TEST_P(Mounts, BindsADirectoryAndAFile) {
  bundle_.file("data/hello", "from outside");
  bundle_.mount("/mnt/data", "bind", bundle_.path() + "/data", {"rbind"});
  bundle_.mount("/etc/hello", "bind", "data/hello", {"bind"});  // relative to the bundle
  const Result result = enter(
      [] { return content("/mnt/data/hello") + "|" + content("/etc/hello") + "|" + names("/"); });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "from outside|from outside|dev etc mnt");
}

TEST_P(Mounts, BindsReadOnlyAndWithOtherFlags) {
  bundle_.usual_mounts();
  bundle_.dir("data");
  bundle_.mount("/ro", "bind", "data", {"rbind", "ro", "nosuid", "noexec", "nodev"});
  bundle_.mount("/rw", "bind", "data", {"rbind", "rw"});
  const Result result = enter([] {
    return std::string(writable("/ro") ? "w" : "r") + (writable("/rw") ? "w" : "r") + "\n" +
           mount_line("/ro");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_THAT(result.report, StartsWith("rw\n"));
  EXPECT_THAT(result.report, HasSubstr(" /ro ro,nosuid,nodev,noexec"));
}

TEST_P(Mounts, HostBindsAreReadOnlyBelowToo) {
  bundle_.dir("data/below");
  bundle_.binds = {{.source = bundle_.path() + "/data", .destination = "/d", .readonly = true},
                   {.source = "/no/such/file", .destination = "/none", .optional = true}};
  const Result result =
      enter([] { return names("/") + (writable("/d") || writable("/d/below") ? " w" : " r"); });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "d dev r");
}

TEST_P(Mounts, AMissingSourceIsNamed) {
  bundle_.mount("/data", "bind", "/no/such/source", {"rbind"});
  EXPECT_EQ(enter([] { return std::string(); }).error,
            "mount '/data': open_tree '/no/such/source': no such file or directory");
}

TEST_P(Mounts, TmpfsTakesTheModeOfItsPlace) {
  bundle_.dir("rootfs/t");
  bundle_.mount("/t", "tmpfs", "tmpfs", {"size=64k"});
  bundle_.mount("/new", "tmpfs", "tmpfs", {"mode=0711"});
  const Result result = enter([] {
    struct stat t {};
    struct stat fresh {};
    ::stat("/t", &t);
    ::stat("/new", &fresh);
    return std::to_string(t.st_mode & 07777) + " " + std::to_string(fresh.st_mode & 07777);
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, std::to_string(0755) + " " + std::to_string(0711));
}

TEST_P(Mounts, WhatTheOptionsSayOfATmpfsOutweighsTheImage) {
  bundle_.file("rootfs/scratch/file", "kept");
  ::chmod((bundle_.rootfs() + "/scratch").c_str(), 0711);
  bundle_.mount("/scratch", "tmpfs", "tmpfs", {"tmpcopyup", "mode=1777"});
  const Result result = enter([] {
    struct stat st {};
    ::stat("/scratch", &st);
    return content("/scratch/file") + " " + std::to_string(st.st_mode & 07777);
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "kept " + std::to_string(01777));
}

TEST_P(Mounts, TmpfsStartsWithWhatTheImageHas) {
  bundle_.file("rootfs/var/lib/a/file", "kept");
  bundle_.link("rootfs/var/lib/link", "/etc/nowhere");
  bundle_.mount("/var/lib", "tmpfs", "tmpfs", {"tmpcopyup"});
  const Result result = enter([] {
    char target[64] = {};
    (void)!::readlink("/var/lib/link", target, sizeof target - 1);
    return content("/var/lib/a/file") + "|" + target + "|" + (writable("/var/lib") ? "w" : "r");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "kept|/etc/nowhere|w");
}

TEST_P(Mounts, TmpfsKeepsModesTimesAndAttributes) {
  bundle_.file("rootfs/home/a/file", "kept");
  const std::string dir = bundle_.rootfs() + "/home/a", file = dir + "/file";
  ASSERT_EQ(::chmod(dir.c_str(), 02751), 0);
  ASSERT_EQ(::chmod(file.c_str(), 0604), 0);
  const timespec times[] = {{1000, 0}, {2000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  // An access control list of one more user, 65534, who may read.
  const unsigned char list[] = {2, 0,   0,   0,   1,   0,   6,  0, 255, 255, 255, 255, 2,   0,  4,
                                0, 254, 255, 0,   0,   4,   0,  0, 0,   255, 255, 255, 255, 16, 0,
                                4, 0,   255, 255, 255, 255, 32, 0, 4,   0,   255, 255, 255, 255};
  const bool has_list =
      ::setxattr(file.c_str(), "system.posix_acl_access", list, sizeof list, 0) == 0;
  bundle_.mount("/home", "tmpfs", "tmpfs", {"tmpcopyup"});
  const Result result = enter([] {
    struct stat d {};
    struct stat f {};
    ::stat("/home/a", &d);
    ::stat("/home/a/file", &f);
    const bool listed = ::getxattr("/home/a/file", "system.posix_acl_access", nullptr, 0) > 0;
    return std::to_string(d.st_mode & 07777) + " " + std::to_string(f.st_mtim.tv_sec) +
           (listed ? " list" : "");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, std::to_string(02751) + " 2000" + (has_list ? " list" : ""));
}

TEST_P(Mounts, TmpfsKeepsOwners) {
  if (GetParam() != As::root) return;  // who has one id gives to nobody else
  bundle_.file("rootfs/home/a/file", "kept");
  bundle_.link("rootfs/home/link", "nowhere");
  for (const char* path : {"/home", "/home/a", "/home/a/file", "/home/link"}) {
    ASSERT_EQ(::lchown((bundle_.rootfs() + path).c_str(), 5, 6), 0);
  }
  bundle_.mount("/home", "tmpfs", "tmpfs", {"tmpcopyup"});
  const Result result = enter([] {
    std::string text;
    for (const char* path : {"/home", "/home/a", "/home/a/file", "/home/link"}) {
      struct stat st {};
      ::lstat(path, &st);
      text += std::to_string(st.st_uid) + ":" + std::to_string(st.st_gid) + " ";
    }
    return text;
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "5:6 5:6 5:6 5:6 ");
}

TEST_P(Mounts, AReadOnlyTmpfsHoldsOtherMounts) {
  bundle_.usual_mounts();
  bundle_.mount("/t", "tmpfs", "tmpfs", {"ro", "mode=755"});
  bundle_.mount("/t/below", "tmpfs", "tmpfs", {"mode=755"});
  const Result result = enter(
      [] { return std::string(writable("/t") ? "w" : "r") + (writable("/t/below") ? "w" : "r"); });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "rw");
}

TEST_P(Mounts, TheKernelsWordsAboutABadOptionAreInTheError) {
  bundle_.mount("/t", "tmpfs", "tmpfs", {"size=many"});
  const Result result = enter([] { return std::string(); });
  EXPECT_THAT(result.error, StartsWith("mount '/t': option 'size' of file system 'tmpfs': "));
  EXPECT_THAT(result.error, HasSubstr("Bad value for 'size'"));
}

TEST_P(Mounts, AnUnknownFileSystemIsNamed) {
  bundle_.mount("/t", "nosuchfs", "x");
  EXPECT_THAT(enter([] { return std::string(); }).error,
              StartsWith("mount '/t': this kernel has no file system of type 'nosuchfs'"));
}

// Where the user of the namespace has no way to the source, root's view of it is taken.
TEST_P(Mounts, SourcesAreOpenedAsTheCaller) {
  char name[] = "/tmp/berth-source-XXXXXX";
  const std::string closed = ::mkdtemp(name);  // 0700, root's
  std::filesystem::create_directory(closed + "/data");
  bundle_.mount("/data", "bind", closed + "/data", {"rbind"});
  const std::string error = enter([] { return std::string(); }).error;
  std::filesystem::remove_all(closed);
  const bool caller_is_root = GetParam() == As::root || GetParam() == As::root_for_user;
  EXPECT_EQ(error, caller_is_root
                       ? ""
                       : "mount '/data': open_tree '" + closed + "/data': permission denied");
}

TEST_P(Mounts, Remount) {
  bundle_.usual_mounts();
  bundle_.dir("data");
  bundle_.mount("/d", "bind", "data", {"rbind"});
  bundle_.mount("/d", "", "", {"remount", "ro", "nosuid"});
  const Result result = enter([] { return mount_line("/d"); });
  EXPECT_EQ(result.error, "");
  EXPECT_THAT(result.report, HasSubstr(" /d ro,nosuid"));
}

TEST_P(Mounts, NothingOfItShowsOnTheHost) {
  bundle_.usual_mounts();
  EXPECT_EQ(enter([] { return content("/proc/self/mountinfo"); }).error, "");
  EXPECT_THAT(content("/proc/self/mountinfo"), Not(HasSubstr(bundle_.path())));
}

TEST_P(Mounts, CgroupsAreReadOnlyWithoutANamespaceOfTheirOwn) {
  bundle_.usual_mounts();
  bundle_.mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime"});
  std::string host;  // where something is mounted
  for (const auto& entry : std::filesystem::directory_iterator("/sys/fs/cgroup")) {
    if (!mount_line(entry.path()).empty()) host += entry.path().filename().string() + " ";
  }
  const bool v2 = std::filesystem::exists("/sys/fs/cgroup/cgroup.controllers");
  const Result result = enter([] {
    std::string text = names("/sys/fs/cgroup") + "\n";
    for (const char* name : {"", "/memory", "/unified"}) {
      const std::string line = mount_line(std::string("/sys/fs/cgroup") + name);
      if (!line.empty()) text += line + "\n";
    }
    return text + (::mkdir("/sys/fs/cgroup/memory/x", 0755) == 0 ? "made" : "refused");
  });
  EXPECT_EQ(result.error, "");
  // A v2 root has other people's groups, which come and go.
  if (!v2) {
    std::istringstream words(host);
    for (std::string name; words >> name;) {
      if (name == "unified") continue;  // only what is the container's own of it
      EXPECT_THAT(result.report, HasSubstr(name));
    }
  }
  EXPECT_THAT(result.report, HasSubstr(" /sys/fs/cgroup"));
  EXPECT_THAT(result.report, HasSubstr("refused"));
}

TEST_P(Mounts, CgroupsBeginAtTheContainersOwnWithANamespace) {
  bundle_.usual_mounts();
  bundle_.mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "ro"});
  bundle_.namespaces = CLONE_NEWCGROUP;
  bundle_.spec.linux_.namespaces = {{spec::NamespaceType::cgroup, {}}};
  const Result result = enter([] {
    const std::string memory = mount_line("/sys/fs/cgroup/memory");
    return memory.empty() ? mount_line("/sys/fs/cgroup") : memory;
  });
  EXPECT_EQ(result.error, "");
  // Root of the mount, then its point: the namespace's root is `/`.
  EXPECT_THAT(result.report, HasSubstr(" / /sys/fs/cgroup"));
  EXPECT_THAT(result.report, HasSubstr(" ro,"));
}

}  // namespace
}  // namespace berth::runtime::rootfs
