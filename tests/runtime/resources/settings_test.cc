#include "runtime/resources/settings.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/resources/weights.h"
#include "runtime/spec/parse.h"
#include "tests/support/message_of.h"

namespace berth::runtime::resources {
namespace {

using test::message_of;

spec::Resources parsed(const std::string& json) {
  return spec::parse_resources_document(json, "resources");
}

// `key controller file=value|file=value`, `?` behind an optional one.
std::vector<std::string> lines(const std::vector<Setting>& settings) {
  std::vector<std::string> list;
  for (const Setting& setting : settings) {
    std::string line = setting.key.substr(std::string("linux.resources.").size()) + " " +
                       (setting.controller.empty() ? "-" : setting.controller) + " ";
    for (size_t i = 0; i < setting.choices.size(); ++i) {
      line += (i > 0 ? "|" : "") + setting.choices[i].file + "=" + setting.choices[i].value;
    }
    list.push_back(line + (setting.optional ? "?" : ""));
  }
  return list;
}

using Lines = std::vector<std::string>;

struct Case {
  const char* name;
  const char* json;
  Lines v1, v2;
};
void PrintTo(const Case& test, std::ostream* out) {
  *out << test.name;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> instance = {
      {"Nothing", "{}", {}, {}},
      {"ZeroesAreNothing",
       R"({"cpu": {"shares": 0, "quota": 0, "period": 0, "realtimePeriod": 0},
           "blockIO": {"weight": 0, "leafWeight": 0}, "memory": {"reservation": 0}})",
       {},
       {}},
      {"CpuTime",
       R"({"cpu": {"shares": 1024, "quota": 5000, "period": 9000, "burst": 100}})",
       {"cpu.shares cpu cpu.shares=1024", "cpu.period cpu cpu.cfs_period_us=9000",
        "cpu.quota cpu cpu.cfs_quota_us=5000", "cpu.burst cpu cpu.cfs_burst_us=100"},
       {"cpu.shares cpu cpu.weight=100", "cpu.quota cpu cpu.max=5000 9000",
        "cpu.burst cpu cpu.max.burst=100"}},
      {"QuotaAlone",
       R"({"cpu": {"quota": -1}})",
       {"cpu.quota cpu cpu.cfs_quota_us=-1"},
       {"cpu.quota cpu cpu.max=max"}},
      {"PeriodAlone",
       R"({"cpu": {"period": 9000}})",
       {"cpu.period cpu cpu.cfs_period_us=9000"},
       {"cpu.period cpu cpu.max=max 9000"}},
      {"IdleHasNoShares",
       R"({"cpu": {"idle": 1, "shares": 512}})",
       {"cpu.idle cpu cpu.idle=1"},
       {"cpu.idle cpu cpu.idle=1"}},
      {"NoLongerIdle",
       R"({"cpu": {"idle": 0, "shares": 512}})",
       {"cpu.idle cpu cpu.idle=0", "cpu.shares cpu cpu.shares=512"},
       {"cpu.idle cpu cpu.idle=0", "cpu.shares cpu cpu.weight=59"}},
      {"Realtime",
       R"({"cpu": {"realtimePeriod": 1000000, "realtimeRuntime": 950000}})",
       {"cpu.realtimePeriod cpu cpu.rt_period_us=1000000",
        "cpu.realtimeRuntime cpu cpu.rt_runtime_us=950000"},
       {}},
      {"Cpuset",
       R"({"cpu": {"cpus": "0-1", "mems": "0"}})",
       {"cpu.mems cpuset cpuset.mems=0", "cpu.cpus cpuset cpuset.cpus=0-1"},
       {"cpu.mems cpuset cpuset.mems=0", "cpu.cpus cpuset cpuset.cpus=0-1"}},
      {"MemoryButForTheLimits",
       R"({"memory": {"limit": 9, "swap": 9, "reservation": 5, "swappiness": 60,
                      "kernel": 7, "kernelTCP": 8, "disableOOMKiller": true},
           "pids": {"limit": 3}})",
       {"memory.reservation memory memory.soft_limit_in_bytes=5",
        "memory.kernelTCP memory memory.kmem.tcp.limit_in_bytes=8?",
        "memory.swappiness memory memory.swappiness=60",
        "memory.disableOOMKiller memory memory.oom_control=1"},
       {"memory.reservation memory memory.low=5"}},
      {"NoReservation",
       R"({"memory": {"reservation": -1}})",
       {"memory.reservation memory memory.soft_limit_in_bytes=-1"},
       {"memory.reservation memory memory.low=max"}},
      {"Weights",
       R"({"blockIO": {"weight": 500, "leafWeight": 300, "weightDevice":
           [{"major": 8, "minor": 1, "weight": 10, "leafWeight": 20}]}})",
       {"blockIO.weight blkio blkio.weight=500|blkio.bfq.weight=500",
        "blockIO.leafWeight blkio blkio.leaf_weight=300",
        "blockIO.weightDevice[0].weight blkio blkio.weight_device=8:1 10|"
        "blkio.bfq.weight_device=8:1 10",
        "blockIO.weightDevice[0].leafWeight blkio blkio.leaf_weight_device=8:1 20"},
       {"blockIO.weight blkio io.bfq.weight=500|io.weight=4950",
        "blockIO.weightDevice[0].weight blkio io.bfq.weight=8:1 10|io.weight=8:1 1"}},
      {"Throttles",
       R"({"blockIO": {"throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 1},
                                                  {"major": 8, "minor": 16, "rate": 0}],
           "throttleWriteBpsDevice": [{"major": 8, "minor": 0, "rate": 2}],
           "throttleReadIOPSDevice": [{"major": 8, "minor": 0, "rate": 3}],
           "throttleWriteIOPSDevice": [{"major": 8, "minor": 0, "rate": 4}]}})",
       {"blockIO.throttleReadBpsDevice[0] blkio blkio.throttle.read_bps_device=8:0 1",
        "blockIO.throttleReadBpsDevice[1] blkio blkio.throttle.read_bps_device=8:16 0",
        "blockIO.throttleWriteBpsDevice[0] blkio blkio.throttle.write_bps_device=8:0 2",
        "blockIO.throttleReadIOPSDevice[0] blkio blkio.throttle.read_iops_device=8:0 3",
        "blockIO.throttleWriteIOPSDevice[0] blkio blkio.throttle.write_iops_device=8:0 4"},
       {"blockIO.throttleReadBpsDevice[0] blkio io.max=8:0 rbps=1",
        "blockIO.throttleReadBpsDevice[1] blkio io.max=8:16 rbps=max",
        "blockIO.throttleWriteBpsDevice[0] blkio io.max=8:0 wbps=2",
        "blockIO.throttleReadIOPSDevice[0] blkio io.max=8:0 riops=3",
        "blockIO.throttleWriteIOPSDevice[0] blkio io.max=8:0 wiops=4"}},
      {"Hugepages",
       R"({"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]})",
       {"hugepageLimits[0] hugetlb hugetlb.2MB.limit_in_bytes=4194304",
        "hugepageLimits[0] hugetlb hugetlb.2MB.rsvd.limit_in_bytes=4194304?"},
       {"hugepageLimits[0] hugetlb hugetlb.2MB.max=4194304",
        "hugepageLimits[0] hugetlb hugetlb.2MB.rsvd.max=4194304?"}},
      {"Network",
       R"({"network": {"classID": 1048577, "priorities": [{"name": "lo", "priority": 3}]}})",
       {"network.classID net_cls net_cls.classid=1048577",
        "network.priorities[0] net_prio net_prio.ifpriomap=lo 3"},
       {}},
      {"Rdma",
       R"({"rdma": {"a": {"hcaHandles": 3, "hcaObjects": 4}, "b": {"hcaObjects": 5}}})",
       {"rdma.a rdma rdma.max=a hca_handle=3 hca_object=4", "rdma.b rdma rdma.max=b hca_object=5"},
       {"rdma.a rdma rdma.max=a hca_handle=3 hca_object=4", "rdma.b rdma rdma.max=b hca_object=5"}},
      {"UnifiedALineAtATime",
       R"({"unified": {"io.max": "8:0 rbps=1\n8:16 wbps=2\n", "memory.high": "80000000"}})",
       {},
       {"unified.io.max - io.max=8:0 rbps=1", "unified.io.max - io.max=8:16 wbps=2",
        "unified.memory.high - memory.high=80000000"}},
  };
  return instance;
}

class Settings : public testing::TestWithParam<Case> {};

TEST_P(Settings, AreTheseWrites) {
  const spec::Resources resources = parsed(GetParam().json);
  EXPECT_EQ(lines(v1_settings(resources)), GetParam().v1);
  EXPECT_EQ(lines(v2_settings(resources)), GetParam().v2);
}
INSTANTIATE_TEST_SUITE_P(Cases, Settings, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

TEST(V1Only, IsWhatV2HasNoFileFor) {
  for (const Setting& setting : v1_settings(parsed(R"({"memory": {"swappiness": 1}})"))) {
    EXPECT_TRUE(is_v1_only(setting));
  }
  for (const Setting& setting : v1_settings(parsed(R"({"cpu": {"shares": 5, "period": 2000}})"))) {
    EXPECT_FALSE(is_v1_only(setting));
  }
}

Lines v1(const std::string& json, uint64_t current) {
  return lines(v1_limits(parsed(json), current));
}
Lines v2(const std::string& json) {
  return lines(v2_limits(parsed(json)));
}

TEST(Limits, AreNotWrittenOverWhatUnifiedSays) {
  EXPECT_EQ(v2(R"({"memory": {"limit": 100}, "pids": {"limit": 5},
                   "unified": {"memory.max": "50", "memory.high": "40"}})"),
            (Lines{"memory.swap memory memory.swap.max=0?", "pids.limit pids pids.max=5"}));
}

TEST(Limits, OfMemoryComeWithoutSwapUnlessAskedFor) {
  const char* const json = R"({"memory": {"limit": 100}})";
  EXPECT_EQ(v1(json, 200), (Lines{"memory.limit memory memory.limit_in_bytes=100",
                                  "memory.swap memory memory.memsw.limit_in_bytes=100?"}));
  EXPECT_EQ(v1(json, 50), (Lines{"memory.swap memory memory.memsw.limit_in_bytes=100?",
                                 "memory.limit memory memory.limit_in_bytes=100"}))
      << "memory and swap may never be less than memory";
  EXPECT_EQ(v2(json),
            (Lines{"memory.swap memory memory.swap.max=0?", "memory.limit memory memory.max=100"}));
}

TEST(Limits, OfSwapAreTheSumOfBoth) {
  const char* const json = R"({"memory": {"limit": 100, "swap": 150}})";
  EXPECT_EQ(v1(json, 200), (Lines{"memory.limit memory memory.limit_in_bytes=100",
                                  "memory.swap memory memory.memsw.limit_in_bytes=150"}));
  EXPECT_EQ(v2(json),
            (Lines{"memory.swap memory memory.swap.max=50", "memory.limit memory memory.max=100"}));
}

TEST(Limits, CanBeTakenAway) {
  const char* const json = R"({"memory": {"limit": -1}, "pids": {"limit": -1}})";
  EXPECT_EQ(v1(json, 5), (Lines{"memory.swap memory memory.memsw.limit_in_bytes=-1?",
                                "memory.limit memory memory.limit_in_bytes=-1",
                                "pids.limit pids pids.max=max"}));
  EXPECT_EQ(v2(json),
            (Lines{"memory.swap memory memory.swap.max=max?", "memory.limit memory memory.max=max",
                   "pids.limit pids pids.max=max"}));
  EXPECT_EQ(v2(R"({"memory": {"limit": 7, "swap": -1}})"),
            (Lines{"memory.swap memory memory.swap.max=max?", "memory.limit memory memory.max=7"}));
}

TEST(Limits, ZeroMemoryIsNotSetAndZeroProcessesIsOne) {
  const char* const json = R"({"memory": {"limit": 0, "swap": 0}, "pids": {"limit": 0}})";
  EXPECT_EQ(v1(json, 5), Lines{"pids.limit pids pids.max=1"});
  EXPECT_EQ(v2(json), Lines{"pids.limit pids pids.max=1"});
}

TEST(Limits, RefuseSwapThatCannotBe) {
  EXPECT_EQ(
      message_of([] { v2(R"({"memory": {"limit": 100, "swap": 50}})"); }),
      "linux.resources.memory.swap: 50 is less than memory.limit (100): it is the sum of memory "
      "and swap");
  EXPECT_EQ(message_of([] { v2(R"({"memory": {"swap": 50}})"); }),
            "linux.resources.memory.swap: 50: a limit on swap needs one on memory (memory.limit)");
  EXPECT_THROW(v1(R"({"memory": {"limit": 100, "swap": 50}})", 1), Error);
}

TEST(Weights, MeetTheEndsAndTheDefault) {
  for (const auto& [shares, weight] :
       std::vector<std::pair<uint64_t, uint64_t>>{{1, 1},
                                                  {2, 1},
                                                  {512, 59},
                                                  {1024, 100},
                                                  {2048, 174},
                                                  {262144, 10000},
                                                  {1 << 30, 10000}}) {
    EXPECT_EQ(cpu_weight(shares), weight) << shares;
  }
  EXPECT_EQ(io_weight(10), 1u);
  EXPECT_EQ(io_weight(1000), 10000u);
}

}  // namespace
}  // namespace berth::runtime::resources
