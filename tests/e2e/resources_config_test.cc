// linux.resources of a configuration: what is in force for the container, and what is refused.
#include <gmock/gmock.h>

#include "tests/e2e/control_file.h"
#include "tests/e2e/runtime_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ResourcesConfig : public RuntimeFixture {
 protected:
  void SetUp() override {
    RuntimeFixture::SetUp();
    hierarchy_ = runtime::cgroup::detect(runtime::cgroup::ControllerSet::container);
  }
  void wish(const json& resources) {
    configure([&](json& config) { config["linux"]["resources"] = resources; });
  }
  runtime::cgroup::Hierarchy hierarchy_;
};

struct Wish {
  const char* resources;
  const char *controller, *v1_file, *v1_value, *v2_file, *v2_value;
};

const Wish kWishes[] = {
    {R"({"cpu": {"shares": 2048}})", "cpu", "cpu.shares", "2048", "cpu.weight", "174"},
    {R"({"cpu": {"shares": 0}})", "cpu", "cpu.shares", "1024", "cpu.weight", "100"},
    {R"({"cpu": {"quota": 40000, "period": 80000}})", "cpu", "cpu.cfs_period_us", "80000",
     "cpu.max", "40000 80000"},
    {R"({"cpu": {"quota": -1}})", "cpu", "cpu.cfs_quota_us", "-1", "cpu.max", "max 100000"},
    {R"({"cpu": {"quota": -100, "period": 0}})", "cpu", "cpu.cfs_quota_us", "-1", "cpu.max",
     "max 100000"},
    {R"({"cpu": {"quota": 40000, "burst": 20000}})", "cpu", "cpu.cfs_burst_us", "20000",
     "cpu.max.burst", "20000"},
    {R"({"cpu": {"idle": 1}})", "cpu", "cpu.idle", "1", "cpu.idle", "1"},
    {R"({"cpu": {"cpus": "0", "mems": "0"}})", "cpuset", "cpuset.cpus", "0", "cpuset.cpus", "0"},
    {R"({"memory": {"limit": 67108864}})", "memory", "memory.limit_in_bytes", "67108864",
     "memory.max", "67108864"},
    {R"({"memory": {"limit": 67108864, "swap": 134217728}})", "memory",
     "memory.memsw.limit_in_bytes", "134217728", "memory.swap.max", "67108864"},
    {R"({"memory": {"reservation": 33554432, "kernel": 1, "kernelTCP": 1, "useHierarchy": true}})",
     "memory", "memory.soft_limit_in_bytes", "33554432", "memory.low", "33554432"},
    {R"({"pids": {"limit": 50}})", "pids", "pids.max", "50", "pids.max", "50"},
    {R"({"pids": {"limit": 0}})", "pids", "pids.max", "1", "pids.max", "1"},
    {R"({"pids": {"limit": -1}})", "pids", "pids.max", "max", "pids.max", "max"},
    {R"({"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]})", "hugetlb",
     "hugetlb.2MB.limit_in_bytes", "4194304", "hugetlb.2MB.max", "4194304"},
};

TEST_F(ResourcesConfig, AreInForce) {
  script("exec sleep 300");
  for (const Wish& wished : kWishes) {
    wish(json::parse(wished.resources));
    const std::string c = id();
    const Ran ran = berth({"run", "-d", "-b", bundle(), c});
    ASSERT_EQ(ran.status, 0) << wished.resources << ran;
    EXPECT_EQ(control_file(hierarchy_, state(c).value("pid", 0), wished.controller, wished.v1_file,
                           wished.v2_file),
              is_on_v2(hierarchy_, wished.controller) ? wished.v2_value : wished.v1_value)
        << wished.resources;
    EXPECT_EQ(berth({"delete", "-f", c}).status, 0);
    EXPECT_THAT(remains(c), IsEmpty());
  }
}

TEST_F(ResourcesConfig, UnifiedHasTheLastWord) {
  script("exec sleep 300");
  wish({{"memory", {{"limit", 67108864}}},
        {"pids", {{"limit", 50}}},
        {"cpu", {{"shares", 2048}}},
        {"unified", {{"memory.max", "33554432"}, {"pids.max", "40"}, {"cpu.weight", "42"}}}});
  const std::string c = id();
  const Ran ran = berth({"run", "-d", "-b", bundle(), c});
  if (!is_on_v2(hierarchy_, "memory")) {
    EXPECT_EQ(ran.status, 1);
    EXPECT_THAT(ran.err, HasSubstr("linux.resources.unified.cpu.weight: invalid configuration: "));
    return;
  }
  ASSERT_EQ(ran.status, 0) << ran;
  const int pid = state(c).value("pid", 0);
  EXPECT_EQ(control_file(hierarchy_, pid, "memory", "", "memory.max"), "33554432");
  EXPECT_EQ(control_file(hierarchy_, pid, "pids", "", "pids.max"), "40");
  EXPECT_EQ(control_file(hierarchy_, pid, "cpu", "", "cpu.weight"), "42");
  EXPECT_EQ(control_file(hierarchy_, pid, "cpu", "", "cgroup.controllers") + "\n",
            read_file(AT_FDCWD, "/sys/fs/cgroup/cgroup.controllers"))
      << "all that there are";
}

struct Refused {
  const char *resources, *v1_line, *v2_line;
};

const Refused kRefused[] = {
    {R"({"memory": {"limit": "64m"}})",
     "linux.resources.memory.limit: expected a whole number, found a string", nullptr},
    {R"({"memory": {"swappiness": 200}})",
     "linux.resources.memory.swappiness: 200 is not between 0 and 100", nullptr},
    {R"({"cpu": {"idle": 3}})", "linux.resources.cpu.idle: 3 is not between 0 and 1", nullptr},
    {R"({"cpu": {"cpus": "4000"}})",
     "linux.resources.cpu.cpus: set cpuset.cpus to '4000': ", nullptr},
    {R"({"cpu": {"cpus": "x"}})",
     "linux.resources.cpu.cpus: 'x' is not a list of numbers, as '0-3,8' is", nullptr},
    {R"({"cpu": {"cpus": "9999"}})",
     "linux.resources.cpu.cpus: set cpuset.cpus to '9999': ", nullptr},
    {R"({"cpu": {"quota": 10}})", "linux.resources.cpu.quota: 10 is below 1000 microseconds",
     nullptr},
    {R"({"blockIO": {"weight": 5}})",
     "linux.resources.blockIO.weight: 5 is not between 10 and 1000", nullptr},
    {R"({"blockIO": {"throttleReadBpsDevice": [{"major": 240, "minor": 9, "rate": 5}]}})",
     "linux.resources.blockIO.throttleReadBpsDevice[0]: set blkio.throttle.read_bps_device to "
     "'240:9 5': no such device",
     "linux.resources.blockIO.throttleReadBpsDevice[0]: set io.max to '240:9 rbps=5': no such "
     "device"},
    {R"({"hugepageLimits": [{"pageSize": "2M", "limit": 1}]})",
     "linux.resources.hugepageLimits[0].pageSize: '2M' is not a page size, as '2MB' is", nullptr},
    {R"({"rdma": {"mlx5": {}}})",
     "linux.resources.rdma.mlx5: has neither hcaHandles nor hcaObjects", nullptr},
    {R"({"network": {"classID": -1}})", "linux.resources.network.classID: -1 is not between 0 and ",
     nullptr},
    {R"({"unified": {"memory.nonsense": "1"}})",
     "linux.resources.unified.memory.nonsense: invalid configuration: cgroup v2 has no controller "
     "'memory' on this host",
     "linux.resources.unified.memory.nonsense: the kernel has no file 'memory.nonsense'"},
    {R"({"devices": [{"allow": true, "type": "u"}]})",
     "linux.resources.devices[0].type: 'u' is not one of a, b, c", nullptr},
};

TEST_F(ResourcesConfig, AreRefusedWithTheirKeyAndLeaveNothing) {
  for (const Refused& refused : kRefused) {
    wish(json::parse(refused.resources));
    const std::string c = id();
    const Ran ran = berth({"create", "-b", bundle(), c});
    EXPECT_EQ(ran.status, 1) << refused.resources << ran;
    const bool v2 = refused.v2_line != nullptr && is_on_v2(hierarchy_, "memory");
    EXPECT_THAT(ran.err, HasSubstr(v2 ? refused.v2_line : refused.v1_line)) << refused.resources;
    EXPECT_THAT(remains(c), IsEmpty()) << refused.resources;
  }
}

TEST_F(ResourcesConfig, ADeadlineOnSomeOfTheCpusIsRefusedWithTheReason) {
  if (::sysconf(_SC_NPROCESSORS_ONLN) < 2) GTEST_SKIP() << "takes two CPUs";
  wish({{"cpu", {{"cpus", "0"}}}});
  configure([](json& config) {
    config["process"]["scheduler"] = {{"policy", "SCHED_DEADLINE"},
                                      {"runtime", 42000},
                                      {"deadline", 1000000},
                                      {"period", 1000000}};
  });
  const std::string c = id();
  const Ran ran = berth({"create", "-b", bundle(), c});
  EXPECT_EQ(ran.status, 1) << ran;
  EXPECT_THAT(ran.err, HasSubstr("set process.scheduler 'SCHED_DEADLINE': operation not permitted "
                                 "(process scheduler can't be used together with AllowedCPUs: "
                                 "linux.resources.cpu.cpus is 0)"));
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(ResourcesConfig, AControllerThatIsNotMountedIsNamed) {
  if (runtime::cgroup::version_of(hierarchy_, "net_cls")) {
    GTEST_SKIP() << "this machine has net_cls: not one to test without";
  }
  wish(json::parse(R"({"network": {"classID": 5}})"));
  const Ran ran = berth({"create", "-b", bundle(), id()});
  EXPECT_EQ(ran.status, 1) << ran;
  EXPECT_THAT(
      ran.err,
      HasSubstr("linux.resources.network.classID: the controller 'net_cls' is not available"));
}

// In each hierarchy that has it, as somebody's mkdir makes it.
class ForeignGroup {
 public:
  ForeignGroup(const runtime::cgroup::Hierarchy& hierarchy, const std::string& controller,
               const std::string& name)
      : v2_(hierarchy.v1_of(controller) == nullptr),
        path_((v2_ ? hierarchy.v2 : hierarchy.v1_of(controller)->path) + "/" + name) {
    std::filesystem::create_directory(path_);
  }
  ~ForeignGroup() { ::rmdir(path_.c_str()); }
  ForeignGroup(const ForeignGroup&) = delete;
  ForeignGroup& operator=(const ForeignGroup&) = delete;
  const std::string& path() const { return path_; }
  bool v2() const { return v2_; }

 private:
  bool v2_;
  std::string path_;
};

TEST_F(ResourcesConfig, AGroupThatIsFrozenIsRefused) {
  const std::string c = id();
  std::optional<ForeignGroup> group(std::in_place, hierarchy_, "freezer", c);
  const std::string file = group->path() + (group->v2() ? "/cgroup.freeze" : "/freezer.state");
  std::ofstream(file) << (group->v2() ? "1" : "FROZEN");
  configure([&](json& config) { config["linux"]["cgroupsPath"] = "/" + c; });
  for (const char* verb : {"run", "create"}) {
    const Ran ran = berth({verb, "-b", bundle(), c}, {.timeout = std::chrono::seconds(20)});
    EXPECT_EQ(ran.status, 1) << ran;
    EXPECT_THAT(ran.err, HasSubstr("container's cgroup unexpectedly frozen: '" + c + "'"));
  }
  EXPECT_TRUE(std::filesystem::exists(file)) << "it is not berth's";
  group.reset();
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(ResourcesConfig, AParentWithoutCpusIsGivenThoseAboveIt) {
  const std::string c = id();
  std::optional<ForeignGroup> group(std::in_place, hierarchy_, "cpuset", c);
  configure([&](json& config) { config["linux"]["cgroupsPath"] = "/" + c + "/below"; });
  script("grep Cpus_allowed_list /proc/self/status");
  const Ran ran = berth({"run", "-b", bundle(), c});
  EXPECT_EQ(ran.status, 0) << ran;
  group.reset();
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(ResourcesConfig, ItIsInEveryHierarchyAlsoWithoutAController) {
  configure([](json& config) {
    auto& all = config["linux"]["namespaces"].get_ref<json::array_t&>();
    std::erase_if(all, [](const json& ns) { return ns["type"] == "cgroup"; });
  });
  const std::string c = id();
  configure([&](json& config) { config["linux"]["cgroupsPath"] = "/" + c; });
  script("cat /proc/self/cgroup");
  const Ran ran = berth({"run", "-b", bundle(), c});
  std::istringstream lines(ran.out);
  for (std::string line; std::getline(lines, line);) {
    const bool unused = line.starts_with("0::") && !hierarchy_.v1.empty();
    if (unused) continue;
    EXPECT_TRUE(line.ends_with(":/" + c)) << line;
  }
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(ResourcesConfig, DevicesAreThoseOfTheRules) {
  wish(json::parse(R"({"devices": [{"allow": false, "access": "rwm"},
      {"allow": true, "type": "c", "major": 1, "minor": 11, "access": "r"}]})"));
  configure([](json& config) {
    for (const char* set : {"bounding", "effective", "permitted"}) {
      for (const char* name : {"CAP_MKNOD", "CAP_SYSLOG"}) {
        config["process"]["capabilities"][set].push_back(name);
      }
    }
    config["root"]["readonly"] = false;
  });
  // 1:11 is the kernel's log, 10:1 (misc) is nobody's: what is not allowed fails before that shows.
  script(
      "cd /dev; mknod log c 1 11; mknod other c 10 1; (: <log) && echo read; (: >log) 2>&1; "
      "(: <other) 2>&1; echo x >/dev/null && head -c 3 /dev/zero | wc -c");
  const Ran ran = berth({"run", "-b", bundle(), id()});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_THAT(ran.out, HasSubstr("read\n")) << ran;
  EXPECT_THAT(ran.out, HasSubstr("log: Operation not permitted")) << ran;
  EXPECT_THAT(ran.out, HasSubstr("other: Operation not permitted")) << ran;
  EXPECT_THAT(ran.out, HasSubstr("\n3\n")) << ran;
}

}  // namespace
}  // namespace berth::test
