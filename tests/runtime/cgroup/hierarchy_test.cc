#include "runtime/cgroup/hierarchy.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

namespace berth::runtime::cgroup {
namespace {

struct Host {
  const char* name;
  const char* mountinfo;
  Hierarchy expected;
};

void PrintTo(const Host& host, std::ostream* out) {
  *out << host.name;
}

const std::vector<Host>& hosts() {
  static const std::vector<Host> instance = {
      {"PureV2",
       "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n"
       "24 22 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw\n"
       "28 24 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
       "rw,nsdelegate,memory_recursiveprot\n",
       {{}, "/sys/fs/cgroup", {}, "/"}},
      {"SystemdHybrid",
       "31 24 0:27 / /sys/fs/cgroup ro,nosuid,nodev,noexec shared:9 - tmpfs tmpfs ro,mode=755\n"
       "32 31 0:28 / /sys/fs/cgroup/unified rw,nosuid shared:10 - cgroup2 cgroup2 rw,nsdelegate\n"
       "33 31 0:29 / /sys/fs/cgroup/systemd rw,nosuid shared:11 - cgroup cgroup "
       "rw,xattr,name=systemd\n"
       "36 31 0:33 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:15 - cgroup cgroup "
       "rw,cpu,cpuacct\n"
       "37 31 0:34 / /sys/fs/cgroup/memory rw,nosuid shared:16 master:3 - cgroup cgroup "
       "rw,memory\n"
       "38 31 0:35 / /sys/fs/cgroup/cpuset rw,nosuid shared:17 - cgroup cgroup "
       "rw,cpuset,clone_children\n",
       {{{"/sys/fs/cgroup/systemd", {"name=systemd"}, "/"},
         {"/sys/fs/cgroup/cpu,cpuacct", {"cpu", "cpuacct"}, "/"},
         {"/sys/fs/cgroup/memory", {"memory"}, "/"},
         {"/sys/fs/cgroup/cpuset", {"cpuset"}, "/"}},
        "/sys/fs/cgroup/unified",
        {},
        "/"}},
      {"NoSystemdHybrid",
       "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
       "34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
       "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
       "39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
       "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n"
       "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n",
       {{{"/sys/fs/cgroup/cpuset", {"cpuset"}, "/"},
         {"/sys/fs/cgroup/memory", {"memory"}, "/"},
         {"/sys/fs/cgroup/pids", {"pids"}, "/"},
         {"/sys/fs/cgroup/systemd", {"name=systemd"}, "/"}},
        "/sys/fs/cgroup/unified",
        {},
        "/"}},
      {"ContainerThatSeesItsOwnPart",
       "810 809 0:32 /docker/4f1c /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory\n"
       "811 809 0:36 /docker/4f1c /sys/fs/cgroup/pids ro,nosuid - cgroup cgroup rw,pids\n",
       {{{"/sys/fs/cgroup/memory", {"memory"}, "/docker/4f1c"},
         {"/sys/fs/cgroup/pids", {"pids"}, "/docker/4f1c"}},
        "",
        {},
        "/"}},
      {"OddMountPoints",
       "35 31 0:32 / /opt/my\\040groups\\134x\\043 rw - cgroup cgroup "
       "rw,memory,release_agent=/sbin/a\n",
       {{{"/opt/my groups\\x#", {"memory"}, "/"}}, "", {}, "/"}},
      {"WholeMountWinsOverABindOfAPart",
       "35 31 0:32 /a /mnt/memory rw - cgroup cgroup rw,memory\n"
       "36 31 0:38 /b /mnt/unified rw - cgroup2 cgroup2 rw\n"
       "37 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
       "38 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
       "39 31 0:32 / /srv/chroot/memory rw - cgroup cgroup rw,memory\n"
       "40 31 0:38 / /srv/chroot/unified rw - cgroup2 cgroup2 rw\n",
       {{{"/sys/fs/cgroup/memory", {"memory"}, "/"}}, "/sys/fs/cgroup/unified", {}, "/"}},
      {"MountedOverTheOneBefore",
       "35 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
       "36 35 0:38 /job /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
       {{}, "/sys/fs/cgroup", {}, "/job"}},
      {"HiddenByAMountOnTheDirectoryAbove",
       "23 1 0:20 / / rw - ext4 /dev/vda1 rw\n"
       "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
       "34 31 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
       "35 31 0:32 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
       "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
       "50 31 0:50 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
       "51 50 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
       "52 23 0:51 / /sys/fs/cgroups rw - tmpfs tmpfs rw\n",
       {{{"/sys/fs/cgroup/memory", {"memory"}, "/"}}, "", {}, "/"}},
      {"NoCgroupsAndBrokenLines",
       "22 1 254:1 / /cgroup rw,relatime shared:1 - ext4 /dev/cgroup rw\n"
       "\n"
       "23 1 0:1 / /x rw\n"
       "24 1 0:2 / /y rw - cgroup2\n"
       "garbage\n",
       {{}, "", {}, "/"}},
  };
  return instance;
}

class Mountinfo : public testing::TestWithParam<Host> {};

TEST_P(Mountinfo, Parses) {
  const Hierarchy found = parse_mountinfo(GetParam().mountinfo);
  EXPECT_EQ(found.v2, GetParam().expected.v2);
  EXPECT_EQ(found.v2_root, GetParam().expected.v2_root);
  ASSERT_EQ(found.v1.size(), GetParam().expected.v1.size());
  for (size_t i = 0; i < found.v1.size(); ++i) {
    EXPECT_EQ(found.v1[i].path, GetParam().expected.v1[i].path);
    EXPECT_EQ(found.v1[i].controllers, GetParam().expected.v1[i].controllers);
    EXPECT_EQ(found.v1[i].root, GetParam().expected.v1[i].root);
  }
}

INSTANTIATE_TEST_SUITE_P(Hosts, Mountinfo, testing::ValuesIn(hosts()),
                         [](const auto& host) { return host.param.name; });

TEST(Hierarchy, FindsTheHierarchyOfAController) {
  const Hierarchy h = {{{"/c/cpu", {"cpu", "cpuacct"}}, {"/c/s", {"name=systemd"}}},
                       "/c/unified",
                       {"memory", "pids"}};
  ASSERT_NE(h.v1_of("cpuacct"), nullptr);
  EXPECT_EQ(h.v1_of("cpuacct")->path, "/c/cpu");
  EXPECT_EQ(h.v1_of("name=systemd")->path, "/c/s");
  EXPECT_EQ(h.v1_of("memory"), nullptr);
  EXPECT_EQ(h.v1_of("acct"), nullptr);
  EXPECT_TRUE(h.v2_has("pids"));
  EXPECT_FALSE(h.v2_has("cpu"));
}

TEST(Hierarchy, DetectsThisHost) {
  const Hierarchy h = detect();
  struct stat st {};
  for (const V1Mount& mount : h.v1) EXPECT_EQ(::stat(mount.path.c_str(), &st), 0) << mount.path;
  if (!h.v2.empty()) {
    EXPECT_EQ(::stat((h.v2 + "/cgroup.procs").c_str(), &st), 0) << h.v2;
  }
  EXPECT_TRUE(h.v1_of("memory") != nullptr || h.v2_has("memory"));
}

constexpr const char* kProcCgroup =
    "12:name=systemd:/init.scope\n"
    "5:memory:/slurm/uid_1000/job_7/step_0/task_0\n"
    "4:cpu,cpuacct:/odd:name\n"
    "3:cpuset:/\n"
    "0::/system.slice/slurmstepd.scope/job_7\n";

TEST(PathOfProcess, FindsTheLineOfTheController) {
  EXPECT_EQ(path_of_process(kProcCgroup, "memory"), "/slurm/uid_1000/job_7/step_0/task_0");
  EXPECT_EQ(path_of_process(kProcCgroup, "cpuacct"), "/odd:name");
  EXPECT_EQ(path_of_process(kProcCgroup, "cpuset"), "/");
  EXPECT_EQ(path_of_process(kProcCgroup, "name=systemd"), "/init.scope");
  EXPECT_EQ(path_of_process(kProcCgroup, ""), "/system.slice/slurmstepd.scope/job_7");
  EXPECT_EQ(path_of_process(kProcCgroup, "pids"), std::nullopt);
  EXPECT_EQ(path_of_process("4:cpu:/x\n", ""), std::nullopt);
  EXPECT_EQ(path_of_process("broken\n1:x\n", "x"), std::nullopt);
}

TEST(GroupsOfProcess, HaveALineEach) {
  const auto groups =
      groups_of_process("4:cpu,cpuacct:/odd:name\n1:name=systemd:/a\nbroken\n0::/b\n");
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].controllers, "cpu,cpuacct");
  EXPECT_EQ(groups[0].path, "/odd:name");
  EXPECT_EQ(groups[1].controllers, "name=systemd");
  EXPECT_EQ(groups[2].controllers, "");
  EXPECT_EQ(groups[2].path, "/b");
}

TEST(BelowMount, StripsWhatTheMountShows) {
  EXPECT_EQ(below_mount("/", "/a/b"), "a/b");
  EXPECT_EQ(below_mount("/", "/"), "");
  EXPECT_EQ(below_mount("/docker/4f", "/docker/4f/a"), "a");
  EXPECT_EQ(below_mount("/docker/4f", "/docker/4f"), "");
  EXPECT_EQ(below_mount("/docker/4f", "/docker/4f1c/a"), std::nullopt);
  EXPECT_EQ(below_mount("/docker/4f", "/other"), std::nullopt);
}

}  // namespace
}  // namespace berth::runtime::cgroup
