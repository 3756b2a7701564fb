#include "runtime/rootfs/mount_plan.h"

#include <gmock/gmock.h>
#include <sys/mount.h>

#include "base/error.h"

namespace berth::runtime::rootfs {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

const PlanContext kAsRoot;
const PlanContext kInUserNamespace{.in_user_namespace = true, .root = {}, .bundle = {}};

spec::Spec with(spec::Mount mount) {
  spec::Spec spec;
  spec.mounts.push_back(std::move(mount));
  return spec;
}

MountOp only(const spec::Spec& spec, const PlanContext& context = kAsRoot) {
  return plan_mounts(spec, {}, context).at(0);
}

std::string error_of(const spec::Spec& spec, std::vector<HostBind> binds = {}) {
  try {
    plan_mounts(spec, binds, kAsRoot);
  } catch (const Error& e) {
    return e.message();
  }
  return "no error";
}

TEST(Plan, BindsComeFromTypeOrOption) {
  EXPECT_EQ(only(with({"/a", "bind", "/src", {}})).kind, MountKind::bind);
  EXPECT_EQ(only(with({"/a", "", "/src", {"rbind"}})).kind, MountKind::bind);
  EXPECT_EQ(only(with({"/a", "none", "/src", {"bind"}})).kind, MountKind::bind);
  EXPECT_EQ(only(with({"/a", "tmpfs", "tmpfs", {}})).kind, MountKind::filesystem);
  EXPECT_EQ(only(with({"/a", "cgroup2", "x", {}})).kind, MountKind::cgroup);
  EXPECT_EQ(only(with({"/a", "", "", {"remount", "ro"}})).kind, MountKind::remount);
}

TEST(Plan, DestinationsAreAbsoluteAndStraight) {
  EXPECT_EQ(only(with({"data", "tmpfs", "", {}})).destination, "/data");
  EXPECT_EQ(only(with({"/a/../../b/./c/", "tmpfs", "", {}})).destination, "/b/c");
  EXPECT_EQ(only(with({"//x", "tmpfs", "", {}})).destination, "/x");
}

TEST(Plan, PathsOfTheRootFileSystemAreTheContainers) {
  const PlanContext context{.in_user_namespace = false, .root = "/b/rootfs", .bundle = "/b"};
  EXPECT_EQ(only(with({"/b/rootfs/mnt", "tmpfs", "", {}}), context).destination, "/mnt");
  EXPECT_EQ(only(with({"/b/rootfs2/mnt", "tmpfs", "", {}}), context).destination, "/b/rootfs2/mnt");
  const auto source = [&](const char* text) {
    const MountOp op = only(with({"/a", "bind", text, {}}), context);
    return (op.source_inside ? "inside " : "outside ") + op.source;
  };
  EXPECT_EQ(source("/b/rootfs/mnt/../x"), "inside /x");
  EXPECT_EQ(source("rootfs/mnt"), "inside /mnt");
  EXPECT_EQ(source("./rootfs"), "inside /");
  EXPECT_EQ(source("/b/rootfs/../data"), "outside /b/rootfs/../data");
  EXPECT_EQ(source("data"), "outside data");
  const PlanContext all{.in_user_namespace = false, .root = "/", .bundle = "/b"};
  EXPECT_FALSE(only(with({"/a", "bind", "/data", {}}), all).source_inside);
}

TEST(Plan, ABindIgnoresWhatBelongsToTheFileSystemBelow) {
  EXPECT_EQ(only(with({"/a", "bind", "/b", {"mode=755", "size=3"}})).destination, "/a");
}

TEST(Plan, FileSystemsHaveTheLabelThatTheKernelDoesNotGiveItself) {
  const auto options = [](const char* type, std::vector<std::string> given = {}) {
    auto spec = with({"/a", type, "tmpfs", std::move(given)});
    spec.linux_.mount_label = "u:r:t:s0:c1,c2";
    return only(spec).options.data;
  };
  EXPECT_THAT(options("tmpfs"), ElementsAre(Pair("context", "u:r:t:s0:c1,c2")));
  EXPECT_THAT(options("devpts"), ElementsAre(Pair("context", "u:r:t:s0:c1,c2")));
  EXPECT_THAT(options("tmpfs", {"rootcontext=x"}), ElementsAre(Pair("rootcontext", "x")));
  for (const char* type : {"sysfs", "mqueue", "cgroup", "bind"}) {
    EXPECT_TRUE(options(type).empty()) << type;
  }
}

TEST(Plan, Refusals) {
  EXPECT_EQ(error_of(with({"/a", "", "/b", {}})),
            "mount '/a': has neither a type nor the option 'bind'");
  EXPECT_EQ(error_of(with({"/a", "bind", "", {}})), "mount '/a': a bind mount needs a source");
  EXPECT_EQ(error_of(with({"/a/..", "tmpfs", "", {}})),
            "mount '/a/..': the root itself is what root.path says, or a bind");
  EXPECT_EQ(error_of(with({"/", "bind", "/b", {}})), "no error");
  EXPECT_EQ(error_of(spec::Spec(), {{.source = "/b", .destination = "/"}}),
            "mount '/': the root itself is what root.path says");
  EXPECT_EQ(error_of(with({"/a", "bind", "/b", {"rprivte"}})),
            "mount '/a': option 'rprivte' means nothing to a bind mount");
  EXPECT_EQ(error_of(with({"/a", "bind", "/b", {"idmap"}})),
            "mount '/a': option 'idmap' needs uidMappings and gidMappings, of the mount or of the "
            "container");
  EXPECT_EQ(error_of(with({"/a", "bind", "/b", {"copy-symlink", "src-nofollow"}})),
            "mount '/a': option 'copy-symlink' cannot be with 'src-nofollow' or 'dest-nofollow'");
  EXPECT_EQ(error_of(with({"/a", "tmpfs", "", {"dest-nofollow"}})),
            "mount '/a': options 'copy-symlink', 'src-nofollow', 'dest-nofollow' are for binds "
            "only");
  EXPECT_EQ(error_of(with({"/a", "proc", "", {"tmpcopyup"}})),
            "mount '/a': option 'tmpcopyup' is for type 'tmpfs' only");
}

TEST(Plan, ProcIsTheKernels) {
  EXPECT_EQ(error_of(with({"/proc", "tmpfs", "", {}})),
            "mount '/proc': only a file system of type 'proc' can be mounted there");
  EXPECT_EQ(error_of(with({"/a/../proc/self/attr", "bind", "/x", {}})),
            "mount '/a/../proc/self/attr': nothing can be mounted inside /proc, but on files like "
            "/proc/cpuinfo");
  EXPECT_EQ(error_of(spec::Spec(), {{.source = "/x", .destination = "/proc/sys"}}),
            "mount '/proc/sys': nothing can be mounted inside /proc, but on files like "
            "/proc/cpuinfo");
  EXPECT_EQ(error_of(with({"/proc/cpuinfo", "bind", "/x", {}})), "no error");
  EXPECT_EQ(error_of(with({"/process", "tmpfs", "", {}})), "no error");
  EXPECT_TRUE(only(with({"/proc", "bind", "/proc", {"rbind"}})).must_be_proc);
  EXPECT_TRUE(only(with({"/proc", "proc", "proc", {}})).real_directory);
  EXPECT_FALSE(only(with({"/srv", "tmpfs", "", {}})).real_directory);
}

TEST(Plan, FallbacksAreForUserNamespacesWithTheHostsOther) {
  const auto proc = with({"/proc", "proc", "proc", {}});
  EXPECT_EQ(only(proc, kAsRoot).fallback, "");
  EXPECT_EQ(only(proc, kInUserNamespace).fallback, "/proc");
  auto own_pid = proc;
  own_pid.linux_.namespaces.push_back({.type = spec::NamespaceType::pid, .path = {}});
  EXPECT_EQ(only(own_pid, kInUserNamespace).fallback, "");

  const auto sys = with({"/sys", "sysfs", "sysfs", {"ro"}});
  EXPECT_EQ(only(sys, kInUserNamespace).fallback, "/sys");
  auto own_network = sys;
  own_network.linux_.namespaces.push_back({.type = spec::NamespaceType::network, .path = {}});
  EXPECT_EQ(only(own_network, kInUserNamespace).fallback, "");

  const auto mqueue = with({"/dev/mqueue", "mqueue", "mqueue", {}});
  EXPECT_EQ(only(mqueue, kInUserNamespace).fallback, "/dev/mqueue");
  EXPECT_TRUE(only(mqueue, kInUserNamespace).optional);
  EXPECT_FALSE(only(mqueue, kAsRoot).optional);
}

TEST(Plan, ReadOnlyTmpfsStaysWritableUntilTheEnd) {
  const MountOp op = only(with({"/dev", "tmpfs", "tmpfs", {"ro", "nosuid"}}));
  EXPECT_TRUE(op.late_readonly);
  EXPECT_EQ(op.options.attributes.set, uint64_t{MOUNT_ATTR_NOSUID});
}

TEST(Plan, AFileSystemWithADeviceIsToldThatItIsReadOnly) {
  EXPECT_THAT(only(with({"/a", "ext4", "/dev/vdb", {"ro"}})).options.data,
              ElementsAre(Pair("ro", "")));
  EXPECT_TRUE(only(with({"/sys", "sysfs", "sysfs", {"ro"}})).options.data.empty());
}

TEST(Plan, AReadOnlySysHoldsForTheCgroupsBelow) {
  EXPECT_EQ(only(with({"/sys", "bind", "/sys", {"rbind", "ro"}})).options.recursive_attributes.set,
            uint64_t{MOUNT_ATTR_RDONLY});
}

TEST(Plan, HostBindsFollowTheBundlesOwn) {
  const std::vector<HostBind> binds = {
      {.source = "/scratch", .destination = "/scratch", .readonly = true, .optional = true}};
  const auto plan = plan_mounts(with({"/a", "tmpfs", "", {}}), binds, kAsRoot);
  ASSERT_EQ(plan.size(), 2u);
  EXPECT_EQ(plan[1].kind, MountKind::bind);
  EXPECT_TRUE(plan[1].options.recursive_bind);
  EXPECT_TRUE(plan[1].optional);
  EXPECT_EQ(plan[1].options.recursive_attributes.set, uint64_t{MOUNT_ATTR_RDONLY});
}

TEST(Plan, KnowsWhenDevIsTheHosts) {
  EXPECT_TRUE(dev_is_bound(plan_mounts(with({"/dev/", "bind", "/dev", {"rbind"}}), {}, kAsRoot)));
  EXPECT_FALSE(dev_is_bound(plan_mounts(with({"/dev", "tmpfs", "", {}}), {}, kAsRoot)));
}

}  // namespace
}  // namespace berth::runtime::rootfs
