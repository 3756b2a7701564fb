// Mounts of a configuration as the program in the container sees them.
#include <gmock/gmock.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <optional>

#include "tests/e2e/runtime_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json id_map(int inside, int host, int size) {
  return {{{"containerID", inside}, {"hostID", host}, {"size", size}}};
}

// An ext4 over a folder of a tmpfs, which before Linux 6.3 has no id-mapped mounts.
class Ext4 {
 public:
  explicit Ext4(const std::string& folder) : folder_(folder), image_(folder + ".ext4") {
    struct statfs fs {};
    if (::statfs(folder.c_str(), &fs) != 0 || fs.f_type != TMPFS_MAGIC) return;
    std::ofstream(image_).flush();
    std::filesystem::resize_file(image_, 16 << 20);
    const Ran made = run({"/sbin/mkfs.ext4", "-q", image_});
    EXPECT_EQ(made.status, 0) << made;
    const Ran mounted = run({"mount", "-o", "loop", image_, folder_});
    EXPECT_EQ(mounted.status, 0) << mounted;
  }
  ~Ext4() {
    if (!std::filesystem::exists(image_)) return;
    ::umount2(folder_.c_str(), MNT_DETACH);
    std::filesystem::remove(image_);
  }
  Ext4(const Ext4&) = delete;
  Ext4& operator=(const Ext4&) = delete;

 private:
  std::string folder_, image_;
};

class MountsE2e : public RuntimeFixture {
 protected:
  void SetUp() override {
    RuntimeFixture::SetUp();
    if (IsSkipped()) return;
    ext4_.emplace(folder_.path());
    folder_.write("source/roots", "data");
    folder_.write("source/users", "data");
    ASSERT_EQ(::chown((source() + "/users").c_str(), 5, 6), 0);
  }
  std::string source() const { return folder_.path() + "/source"; }

  void mount(const json& mount) {
    configure([&](json& config) { config["mounts"].push_back(mount); });
  }
  void in_user_namespace(int host_id = 100000) {
    configure([&](json& config) {
      config["linux"]["namespaces"].push_back({{"type", "user"}});
      config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = id_map(0, host_id, 65536);
    });
  }
  Ran run_script(const std::string& text) {
    script(text);
    return berth({"run", "--bundle", bundle(), id("r" + std::to_string(++runs_))});
  }

 private:
  std::optional<Ext4> ext4_;
  int runs_ = 0;
};

// Binds of what other binds have put into the container: by the host's path of the root file
// system, as engines write it. The source's folder is closed to the container's root.
class MountOrder : public MountsE2e {
 protected:
  void SetUp() override {
    MountsE2e::SetUp();
    if (IsSkipped()) return;
    for (const char* below : {"a/x", "b/y", "c/z"}) {
      folder_.write("tree/" + std::string(below) + "/file", below);
      const std::string top(below, 1);
      std::filesystem::create_symlink(top, folder_.path() + "/tree/sym-" + top);
    }
    std::filesystem::permissions(folder_.path() + "/tree", std::filesystem::perms(0750));
  }
  void bind(const std::string& source, const std::string& destination, bool mapped = false) {
    json entry = {{"destination", destination},
                  {"type", "bind"},
                  {"source", source},
                  {"options", {mapped ? "rbind" : "bind", "rprivate"}}};
    if (mapped) entry["uidMappings"] = entry["gidMappings"] = id_map(0, 100000, 65536);
    mount(entry);
  }
  std::string last_file(bool mapped) {
    const std::string tree = folder_.path() + "/tree", rootfs = bundle() + "/rootfs";
    bind(tree + "/a", "/mnt");
    bind(tree + "/sym-b", "/mnt/x");
    bind(tree + "/c", "/mnt/x/y");
    bind(tree + "/sym-a", "/mnt/x/y/z");
    const auto again = [&](const std::string& source, const std::string& destination) {
      bind(rootfs + source, rootfs + destination, mapped);
      configure([](json& config) { config["mounts"].back()["options"][0] = "rbind"; });
    };
    again("/mnt/x", "/mnt/x/y/z/x");
    again("/mnt/x/y", "/mnt/x/y/z");
    again("/mnt", "/final");
    const Ran ran = run_script("cat /final/x/y/z/z/x/y/z/x/file");
    return ran.out + ran.err;
  }
};

TEST_F(MountOrder, IsThatOfTheConfiguration) {
  EXPECT_EQ(last_file(false), "a/x");
}

TEST_F(MountOrder, InAUserNamespace) {
  in_user_namespace();
  EXPECT_EQ(last_file(false), "a/x");
}

class MappedMountOrder : public MountOrder, public ::testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(UserNamespace, MappedMountOrder, ::testing::Bool());

TEST_P(MappedMountOrder, IsThatOfTheConfiguration) {
  if (GetParam()) in_user_namespace();
  EXPECT_EQ(last_file(true), "a/x");
}

class IdMappedE2e : public MountsE2e {
 protected:
  void mapped(const json& options, const json& ids) {
    json mount = {{"destination", "/data"}, {"source", source()}, {"options", options}};
    if (!ids.is_null()) mount["uidMappings"] = mount["gidMappings"] = ids;
    MountsE2e::mount(mount);
  }
  std::string owners() {
    const Ran ran = run_script("stat -c %u:%g /data/roots /data/users | tr '\\n' ' '");
    EXPECT_EQ(ran.status, 0) << ran;
    return ran.out;
  }
};

TEST_F(IdMappedE2e, WithoutAUserNamespace) {
  mapped({"bind"}, id_map(0, 100000, 65536));
  EXPECT_EQ(owners(), "100000:100000 100005:100006 ");
}

TEST_F(IdMappedE2e, WithAUserNamespace) {
  in_user_namespace();
  mapped({"bind"}, id_map(0, 100000, 65536));
  EXPECT_EQ(owners(), "0:0 5:6 ");
}

TEST_F(IdMappedE2e, TheContainersMapIsTheDefault) {
  in_user_namespace();
  mapped({"rbind", "ridmap"}, nullptr);
  EXPECT_EQ(owners(), "0:0 5:6 ");
}

TEST_F(IdMappedE2e, ThatOfAJoinedUserNamespaceToo) {
  in_user_namespace();
  script("sleep 1000");
  const std::string other = id("other");
  const Ran ran = berth({"run", "--detach", "--bundle", bundle(), other});
  ASSERT_EQ(ran.status, 0) << ran;
  const std::string path = "/proc/" + std::to_string(state(other)["pid"].get<int>()) + "/ns/user";
  configure([&](json& config) {
    config["linux"]["namespaces"].back()["path"] = path;
    config["linux"].erase("uidMappings");
    config["linux"].erase("gidMappings");
  });
  mapped({"rbind", "idmap"}, nullptr);
  EXPECT_EQ(owners(), "0:0 5:6 ");
}

TEST_F(IdMappedE2e, CrunsWayToSayIt) {
  in_user_namespace();
  mapped({"bind", "idmap=uids=0-100001-1#@5-7-1;gids=0-100000-10"}, nullptr);
  EXPECT_EQ(owners(), "1:0 7:6 ");
}

TEST_F(IdMappedE2e, NewFilesBelongToTheMappedIds) {
  in_user_namespace();
  mapped({"bind"}, id_map(0, 100000, 65536));
  EXPECT_EQ(run_script("touch /data/new").status, 0);
  struct stat st {};
  ASSERT_EQ(::stat((source() + "/new").c_str(), &st), 0);
  EXPECT_EQ(st.st_uid, 0u);
}

TEST_F(IdMappedE2e, ManyOfThemUnderATightLimitOfDescriptors) {
  in_user_namespace();
  for (int i = 0; i < 20; ++i) {
    mount({{"destination", "/tmp/m" + std::to_string(i)},
           {"source", source()},
           {"options", {"bind"}},
           {"uidMappings", id_map(0, 100000 + i, 100)},
           {"gidMappings", id_map(0, 100000 + i, 100)}});
  }
  configure([](json& config) {
    config["process"]["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", 20}, {"hard", 20}}};
  });
  EXPECT_EQ(run_script("stat -c %u /tmp/m0/roots /tmp/m19/roots").out, "0\n19\n");
}

// What engines ask for beside the default devices.
class DevicesE2e : public MountsE2e {
 protected:
  void devices(const json& devices) {
    configure([&](json& config) { config["linux"]["devices"] = devices; });
  }
};

TEST_F(DevicesE2e, AreThoseOfTheConfigurationInAUserNamespace) {
  devices({{{"path", "/dev/own"},
            {"type", "c"},
            {"major", 1},
            {"minor", 5},
            {"fileMode", 0644},
            {"uid", 10},
            {"gid", 11}},
           {{"path", "/dev/tty"}, {"type", "c"}, {"major", 5}, {"minor", 0}},
           {{"path", "/dev/ptmx"}, {"type", "c"}, {"major", 5}, {"minor", 2}},
           {{"path", "/dev/pipe"}, {"type", "p"}, {"fileMode", 0600}}});
  const std::string look =
      "stat -c '%F %t:%T %a %u:%g' /dev/own /dev/tty /dev/pipe && readlink /dev/ptmx &&"
      " head -c 1 /dev/own | od -An -tx1";
  const std::string own = "character special file 1:5 644 10:11\n";
  const std::string rest = "fifo 0:0 600 0:0\npts/ptmx\n 00\n";
  const Ran plain = run_script(look);
  EXPECT_EQ(plain.out, own + "character special file 5:0 666 0:0\n" + rest) << plain;
  in_user_namespace();
  const Ran inside = run_script(look);
  EXPECT_THAT(inside.out, ::testing::StartsWith(own + "character special file 5:0 666 ")) << inside;
  EXPECT_THAT(inside.out, ::testing::EndsWith(rest)) << inside;
}

// Masks and read-only trees hold for who is root in the container, too.
TEST_F(MountsE2e, ABindAtTheRootIsTheRootThatLaterMountsGoInto) {
  const std::string other = folder_.path() + "/other";
  std::filesystem::copy(
      bundle() + "/rootfs", other,
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
  folder_.write("other/only-there", "");
  configure([&](json& config) {
    const json bind{
        {"destination", "/"}, {"type", "bind"}, {"source", other}, {"options", {"bind", "nosuid"}}};
    config["mounts"].insert(config["mounts"].begin(), bind);
  });
  const Ran ran = run_script(
      "test -f /only-there && test -c /dev/null && test -r /proc/self/stat && grep -c ' / / ' "
      "/proc/self/mountinfo; grep -o ' / ro,nosuid\\| / rw,nosuid' /proc/self/mountinfo | wc -l");
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_THAT(ran.out, ::testing::EndsWith("1\n")) << ran;
  EXPECT_FALSE(std::filesystem::exists(bundle() + "/rootfs/only-there"));
}

TEST_F(MountsE2e, WhatIsMaskedCannotBeUncovered) {
  configure([](json& config) {
    config["linux"]["maskedPaths"] = {"/etc/passwd", "/etc/passwd", "/var", "/none"};
  });
  const Ran ran = run_script(
      "cat /etc/passwd; ls /var; umount /var 2>&1; touch /var/x 2>&1; rm /etc/passwd 2>&1;"
      " grep -c ' /etc/passwd ' /proc/self/mountinfo");
  EXPECT_THAT(ran.out, HasSubstr("ermitted")) << ran;
  EXPECT_THAT(ran.out, HasSubstr("ead-only")) << ran;
  EXPECT_THAT(ran.out, ::testing::EndsWith("\n1\n")) << ran;
}

TEST_F(MountsE2e, TheWorkingDirectoryOfAReadOnlyRootIsMade) {
  configure([](json& config) {
    config["root"]["readonly"] = true;
    config["process"]["cwd"] = "/made/for/this";
  });
  const Ran ran = run_script("pwd; touch x 2>/dev/null || echo read-only");
  EXPECT_EQ(ran.out, "/made/for/this\nread-only\n") << ran;
}

// /sys/fs/cgroup of the container, with a cgroup namespace of its own or without.
json with_cgroup_mount(json config, const std::string& option, bool own) {
  json mounts = json::array(), namespaces = json::array();
  for (const json& mount : config["mounts"]) {
    if (mount["destination"] != "/sys/fs/cgroup") mounts.push_back(mount);
  }
  mounts.push_back({{"destination", "/sys/fs/cgroup"},
                    {"type", "cgroup"},
                    {"source", "cgroup"},
                    {"options", {"nosuid", "noexec", "nodev", option}}});
  for (const json& one : config["linux"]["namespaces"]) {
    if (one["type"] != "cgroup") namespaces.push_back(one);
  }
  if (own) namespaces.push_back({{"type", "cgroup"}});
  config["mounts"] = mounts;
  config["linux"]["namespaces"] = namespaces;
  return config;
}

// What is of the container's own groups is as the mount says; v2 alone shows other people's too.
TEST_F(MountsE2e, CgroupsCanBeWrittenToWhereTheyAreTheContainersOwn) {
  const auto cgroup_mount = [this](const std::string& option, bool own) {
    configure([&](json& config) { config = with_cgroup_mount(config, option, own); });
  };
  // Mounts of cgroup file systems that are writable.
  const std::string count =
      "grep -E ' - cgroup2? ' /proc/self/mountinfo | cut -d' ' -f6 | grep -c '^rw'";
  const bool v2_alone = std::filesystem::exists("/sys/fs/cgroup/cgroup.controllers");
  cgroup_mount("relatime", false);
  EXPECT_EQ(run_script(count).out == "0\n", v2_alone);
  cgroup_mount("ro", false);
  EXPECT_EQ(run_script(count).out, "0\n");
  cgroup_mount("ro", true);
  EXPECT_EQ(run_script(count).out, "0\n");
  cgroup_mount("rw", true);
  EXPECT_NE(run_script(count).out, "0\n");
}

// As mount(8) shows it where nobody names one.
TEST_F(MountsE2e, AFileSystemWithoutASourceHasNone) {
  mount({{"destination", "/tmp"}, {"type", "tmpfs"}, {"options", {"mode=0750", "nosuid"}}});
  const Ran ran = run_script("grep ' /tmp ' /proc/self/mountinfo; stat -c %a /tmp");
  EXPECT_THAT(ran.out, ::testing::ContainsRegex(" /tmp rw,nosuid,relatime - tmpfs none .*\n750\n"))
      << ran;
}

// The kernel takes all options of a mount as one text, its parts between commas.
TEST_F(MountsE2e, AnOptionWithACommaIsOneOption) {
  mount({{"destination", "/tmp"}, {"type", "tmpfs"}, {"options", {"size=4k", "mpol=bind:0,0"}}});
  const Ran ran = run_script("grep ' /tmp ' /proc/self/mountinfo");
  EXPECT_THAT(ran.out + ran.err, HasSubstr("size=4k")) << ran;
  EXPECT_THAT(ran.out + ran.err, HasSubstr("mpol=bind:0")) << ran;
}

// Of one text the kernel takes 4095 characters, and does not say so: here exactly 512 options.
TEST_F(MountsE2e, OptionsThatAreTooLongForOneTextAreNotCut) {
  std::vector<std::string> options(600, "size=4k");
  options.emplace_back("mode=0711");
  mount({{"destination", "/tmp"}, {"type", "tmpfs"}, {"options", options}});
  const Ran ran = run_script("stat -c %a /tmp");
  EXPECT_EQ(ran.out, "711\n") << ran;
}

TEST_F(MountsE2e, OfV1sHierarchiesTheOwnCgroupIsSeenAndOfAV2BesideThemToo) {
  if (std::filesystem::exists("/sys/fs/cgroup/cgroup.controllers"))
    GTEST_SKIP() << "the host has cgroup v2 alone";
  configure([](json& config) { config = with_cgroup_mount(config, "ro", false); });
  // Of mounts of cgroup file systems: the cgroup that each shows.
  const Ran ran = run_script("grep -E ' - cgroup2? ' /proc/self/mountinfo | cut -d' ' -f4");
  std::istringstream roots(ran.out);
  int count = 0;
  for (std::string root; std::getline(roots, root); ++count) {
    EXPECT_THAT(root, ::testing::StartsWith("/berth/"));
  }
  EXPECT_GT(count, 0) << ran;
}

}  // namespace
}  // namespace berth::test
