#include "runtime/resources/apply.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "runtime/cgroup/directory.h"
#include "runtime/cgroup/node.h"
#include "runtime/spec/parse.h"
#include "tests/runtime/cgroup/scratch.h"
#include "tests/support/message_of.h"

namespace berth::runtime::resources {
namespace {

using cgroup::Version;
using test::message_of;
constexpr int64_t kMiB = int64_t{1} << 20;

spec::Resources parsed(const std::string& json) {
  return spec::parse_resources_document(json, "resources");
}

class Apply : public cgroup::Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    if (IsSkipped()) return;
    hierarchy_.controllers = cgroup::ControllerSet::container;
    cgroup::Node::create(hierarchy_, path("c1"), {});
  }
  void wish(const std::string& json) const { apply(hierarchy_, path("c1"), parsed(json)); }
  void limit(const std::string& json) const { apply_limits(hierarchy_, path("c1"), parsed(json)); }
  bool on_v2(const char* controller) const {
    return cgroup::version_of(hierarchy_, controller) == Version::v2;
  }
  std::string value(const char* controller, const char* v1, const char* v2) const {
    return on_v2(controller) ? read(controller, path("c1"), v2) : read(controller, path("c1"), v1);
  }
  std::string value(const char* controller, const char* file) const {
    return value(controller, file, file);
  }
  std::string error_of(const std::string& json) const {
    return message_of([&] { wish(json); });
  }
};

TEST_F(Apply, CpuShares) {
  wish(R"({"cpu": {"shares": 2048}})");
  EXPECT_EQ(value("cpu", "cpu.shares", "cpu.weight"), on_v2("cpu") ? "174" : "2048");
}

TEST_F(Apply, QuotaAndPeriodInAnyOrderOfSize) {
  for (const auto& [quota, period] : {std::pair{1000, 1000}, {500000, 1000000}, {2000, 5000}}) {
    const std::string q = std::to_string(quota), p = std::to_string(period);
    wish(R"({"cpu": {"quota": )" + q + R"(, "period": )" + p + "}}");
    if (on_v2("cpu")) {
      EXPECT_EQ(value("cpu", "cpu.max"), q + " " + p);
    } else {
      EXPECT_EQ(value("cpu", "cpu.cfs_quota_us"), q);
      EXPECT_EQ(value("cpu", "cpu.cfs_period_us"), p);
    }
  }
}

TEST_F(Apply, AloneQuotaAndPeriodKeepTheOther) {
  wish(R"({"cpu": {"quota": 4000, "period": 8000}})");
  wish(R"({"cpu": {"period": 9000}})");
  wish(R"({"cpu": {"quota": 5000}})");
  EXPECT_EQ(value("cpu", "cpu.cfs_quota_us", "cpu.max"), on_v2("cpu") ? "5000 9000" : "5000");
  if (!on_v2("cpu")) {
    EXPECT_EQ(value("cpu", "cpu.cfs_period_us"), "9000");
  }
  wish(R"({"cpu": {"quota": -7}})");
  EXPECT_EQ(value("cpu", "cpu.cfs_quota_us", "cpu.max"), on_v2("cpu") ? "max 9000" : "-1");
}

TEST_F(Apply, BurstThatOnlyTheNewQuotaAllows) {
  wish(R"({"cpu": {"quota": 1000, "period": 10000}})");
  wish(R"({"cpu": {"quota": 9000, "burst": 8000}})");
  EXPECT_EQ(value("cpu", "cpu.cfs_burst_us", "cpu.max.burst"), "8000");
  wish(R"({"cpu": {"burst": 0}})");
  EXPECT_EQ(value("cpu", "cpu.cfs_burst_us", "cpu.max.burst"), "0");
}

TEST_F(Apply, IdleAndBack) {
  wish(R"({"cpu": {"idle": 1, "shares": 512}})");
  EXPECT_EQ(value("cpu", "cpu.idle"), "1");
  wish(R"({"cpu": {"idle": 0, "shares": 512}})");
  EXPECT_EQ(value("cpu", "cpu.idle"), "0");
  EXPECT_EQ(value("cpu", "cpu.shares", "cpu.weight"), on_v2("cpu") ? "59" : "512");
}

TEST_F(Apply, Cpuset) {
  wish(R"({"cpu": {"cpus": "1", "mems": "0"}})");
  EXPECT_EQ(value("cpuset", "cpuset.cpus"), "1");
  EXPECT_EQ(value("cpuset", "cpuset.mems"), "0");
}

TEST_F(Apply, MemoryReservation) {
  wish(R"({"memory": {"reservation": 33554432}})");
  EXPECT_EQ(value("memory", "memory.soft_limit_in_bytes", "memory.low"), "33554432");
}

TEST_F(Apply, SwappinessAndOomKillerAreV1s) {
  const char* const json = R"({"memory": {"swappiness": 7, "disableOOMKiller": true}})";
  if (on_v2("memory")) {
    EXPECT_EQ(error_of(json), "linux.resources.memory.swappiness: cgroup v2 has no such setting");
    return;
  }
  wish(json);
  EXPECT_EQ(value("memory", "memory.swappiness"), "7");
  EXPECT_NE(value("memory", "memory.oom_control").find("oom_kill_disable 1"), std::string::npos);
}

// Some disk of this machine.
struct Disk {
  std::string major, minor;
};
std::optional<Disk> some_disk() {
  for (const std::string& name : list_dir(open_dir(AT_FDCWD, "/sys/block").get())) {
    const auto numbers = read_file_if_exists(AT_FDCWD, "/sys/block/" + name + "/dev");
    const size_t colon = numbers ? numbers->find(':') : std::string::npos;
    if (colon == std::string::npos) continue;
    return Disk{numbers->substr(0, colon), numbers->substr(colon + 1, numbers->size() - colon - 2)};
  }
  return std::nullopt;
}

TEST_F(Apply, Throttle) {
  const auto disk = some_disk();
  if (!disk) GTEST_SKIP() << "no disk: " << errno_text(ENODEV);
  const auto throttled = [&](const std::string& rate) {
    wish(R"({"blockIO": {"throttleReadBpsDevice": [{"major": )" + disk->major + R"(, "minor": )" +
         disk->minor + R"(, "rate": )" + rate + "}]}}");
    return value("blkio", "blkio.throttle.read_bps_device", "io.max");
  };
  EXPECT_NE(throttled("1048576").find("1048576"), std::string::npos);
  EXPECT_EQ(throttled("0"), "");
}

TEST_F(Apply, NamesTheDiskThatIsNotThere) {
  const std::string error = error_of(
      R"({"blockIO": {"throttleWriteIOPSDevice": [{"major": 240, "minor": 7, "rate": 5}]}})");
  const std::string what = on_v2("blkio") ? "io.max to '240:7 wiops=5'"
                                          : "blkio.throttle.write_iops_device to '240:7 5'";
  EXPECT_EQ(error,
            "linux.resources.blockIO.throttleWriteIOPSDevice[0]: set " + what + ": no such device");
}

TEST_F(Apply, Hugepages) {
  if (!cgroup::version_of(hierarchy_, "hugetlb")) GTEST_SKIP() << "no controller hugetlb";
  wish(R"({"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]})");
  EXPECT_EQ(value("hugetlb", "hugetlb.2MB.limit_in_bytes", "hugetlb.2MB.max"), "4194304");
  EXPECT_EQ(value("hugetlb", "hugetlb.2MB.rsvd.limit_in_bytes", "hugetlb.2MB.rsvd.max"), "4194304");
  EXPECT_EQ(error_of(R"({"hugepageLimits": [{"pageSize": "3MB", "limit": 1}]})"),
            std::string("linux.resources.hugepageLimits[0]: the kernel has no file '") +
                (on_v2("hugetlb") ? "hugetlb.3MB.max'" : "hugetlb.3MB.limit_in_bytes'"));
}

TEST_F(Apply, UnifiedIsForV2) {
  const std::string error = error_of(R"({"unified": {"pids.max": "7"}})");
  if (on_v2("pids")) {
    EXPECT_EQ(error, "no error");
    EXPECT_EQ(value("pids", "pids.max"), "7");
    EXPECT_EQ(error_of(R"({"unified": {"memory.nonsense": "1"}})"),
              "linux.resources.unified.memory.nonsense: the kernel has no file 'memory.nonsense'");
  } else {
    EXPECT_EQ(error,
              hierarchy_.v2.empty()
                  ? "linux.resources.unified.pids.max: invalid configuration: this host has no "
                    "cgroup v2"
                  : "linux.resources.unified.pids.max: invalid configuration: cgroup v2 has no "
                    "controller 'pids' on this host");
  }
}

TEST_F(Apply, NamesTheControllerThatIsMissingAndWritesNothing) {
  cgroup::Hierarchy poor = hierarchy_;
  std::erase_if(poor.v1, [](const cgroup::V1Mount& m) { return m.controllers[0] == "net_cls"; });
  EXPECT_EQ(message_of([&] {
              apply(poor, path("c1"),
                    parsed(R"({"cpu": {"shares": 99}, "network": {"classID": 5}})"));
            }),
            "linux.resources.network.classID: the controller 'net_cls' is not available");
  EXPECT_EQ(value("cpu", "cpu.shares", "cpu.weight"), on_v2("cpu") ? "100" : "1024");
  EXPECT_NO_THROW(apply(poor, path("c1"), parsed(R"({"network": {}, "blockIO": {}})")));
}

TEST_F(Apply, NamesTheKeyAndTheValueThatTheKernelRefuses) {
  const std::string error = error_of(R"({"cpu": {"cpus": "5000"}})");
  EXPECT_TRUE(error.starts_with("linux.resources.cpu.cpus: set cpuset.cpus to '5000': ")) << error;
  EXPECT_EQ(error_of(R"({"cpu": {"quota": 9223372036854775807}})"),
            on_v2("cpu") ? "linux.resources.cpu.quota: set cpu.max to '9223372036854775807 "
                           "100000': invalid argument"
                         : "linux.resources.cpu.quota: set cpu.cfs_quota_us to "
                           "'9223372036854775807': invalid argument");
}

TEST_F(Apply, LimitsGoUpAndDown) {
  for (const int64_t mib : {64, 256, 32}) {
    const std::string bytes = std::to_string(mib * kMiB);
    limit(R"({"memory": {"limit": )" + bytes + R"(}, "pids": {"limit": 9}})");
    EXPECT_EQ(value("memory", "memory.limit_in_bytes", "memory.max"), bytes);
    EXPECT_EQ(value("memory", "memory.memsw.limit_in_bytes", "memory.swap.max"),
              on_v2("memory") ? "0" : bytes);
  }
  EXPECT_EQ(value("pids", "pids.max"), "9");
  limit(R"({"memory": {"limit": 67108864, "swap": 134217728}})");
  EXPECT_EQ(value("memory", "memory.memsw.limit_in_bytes", "memory.swap.max"),
            on_v2("memory") ? "67108864" : "134217728");
  limit(R"({"memory": {"limit": -1}, "pids": {"limit": -1}})");
  EXPECT_EQ(value("pids", "pids.max"), "max");
}

TEST_F(Apply, ALimitOfSwapAloneIsBesideTheMemoryLimitInForce) {
  limit(R"({"memory": {"limit": 67108864}})");
  limit(R"({"memory": {"swap": 134217728}})");
  EXPECT_EQ(value("memory", "memory.limit_in_bytes", "memory.max"), "67108864");
  EXPECT_EQ(value("memory", "memory.memsw.limit_in_bytes", "memory.swap.max"),
            on_v2("memory") ? "67108864" : "134217728");
}

TEST_F(Apply, ALimitIsInForceAtOnce) {
  limit(R"({"memory": {"limit": 33554432}})");
  const auto node = cgroup::Node::create(hierarchy_, path("c1"), {});
  EXPECT_EQ(run_in(node, [] { return cgroup::touch_memory(64 * kMiB) ? 1 : 0; }), SIGKILL);
}

TEST_F(Apply, CheckBeforeUpdateRefusesWhatWouldKill) {
  const auto node = cgroup::Node::create(hierarchy_, path("c1"), {});
  stay_in(node, [] { cgroup::keep_memory(16 * kMiB); });
  const auto in_use = [&] {
    return std::stoll(value("memory", "memory.usage_in_bytes", "memory.current"));
  };
  for (int i = 0; i < 500 && in_use() < 8 * kMiB; ++i) ::usleep(10000);
  const std::string error =
      message_of([&] { limit(R"({"memory": {"limit": 1048576, "checkBeforeUpdate": true}})"); });
  EXPECT_TRUE(
      error.starts_with("linux.resources.memory.limit: 1048576 is less than what is in use ("))
      << error;
}

}  // namespace
}  // namespace berth::runtime::resources
