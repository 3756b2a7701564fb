// linux.resources as values, alone and within config.json.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "runtime/spec/parse.h"
#include "tests/support/message_of.h"

namespace berth::runtime::spec {
namespace {

Resources parsed(const std::string& json) {
  return parse_resources_document(json, "resources");
}

TEST(Resources, NothingAskedForIsNothingThere) {
  const Resources none = parsed("{}");
  EXPECT_FALSE(none.memory_limit || none.memory_swappiness || none.cpu_shares || none.cpu_burst ||
               none.cpu_idle || none.pids_limit || none.network_class_id || none.block_io.weight);
  EXPECT_FALSE(none.memory_disable_oom_killer || none.memory_check_before_update);
  EXPECT_TRUE(none.hugepage_limits.empty() && none.rdma.empty() && none.unified.empty());
}

TEST(Resources, ReadsMemory) {
  const Resources r = parsed(R"({"memory": {"swappiness": 60, "disableOOMKiller": true, "kernel": 5,
                                            "kernelTCP": 6, "checkBeforeUpdate": true}})");
  EXPECT_EQ(r.memory_swappiness, 60u);
  EXPECT_EQ(r.memory_kernel_tcp, 6);
  EXPECT_TRUE(r.memory_disable_oom_killer);
  EXPECT_TRUE(r.memory_check_before_update);
}

TEST(Resources, ReadsCpu) {
  const Resources r = parsed(R"({"cpu": {"shares": 1024, "quota": 5000, "burst": 0, "period": 9000,
                         "realtimeRuntime": 950000, "realtimePeriod": 1000000, "idle": 1}})");
  EXPECT_EQ(r.cpu_shares, 1024u);
  EXPECT_EQ(r.cpu_quota, 5000);
  EXPECT_EQ(r.cpu_burst, 0u) << "0 takes a burst away";
  EXPECT_EQ(r.cpu_period, 9000u);
  EXPECT_EQ(r.cpu_realtime_runtime, 950000);
  EXPECT_EQ(r.cpu_realtime_period, 1000000u);
  EXPECT_EQ(r.cpu_idle, true);
}

TEST(Resources, ZeroOrNegativeCpuValuesAreAsTheOtherRuntimesTakeThem) {
  const Resources r = parsed(R"({"cpu": {"shares": 0, "quota": 0, "period": 0, "realtimePeriod": 0,
                                         "realtimeRuntime": 0}})");
  EXPECT_FALSE(r.cpu_shares || r.cpu_quota || r.cpu_period || r.cpu_realtime_period ||
               r.cpu_realtime_runtime);
  EXPECT_EQ(parsed(R"({"cpu": {"quota": -100}})").cpu_quota, -1);
}

TEST(Resources, ReadsBlockIo) {
  const BlockIo io = parsed(R"({"blockIO": {"weight": 10, "leafWeight": 1000,
      "weightDevice": [{"major": 8, "minor": 16, "weight": 500, "leafWeight": 300}],
      "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 600}],
      "throttleWriteBpsDevice": [{"major": 8, "minor": 1, "rate": 700}],
      "throttleReadIOPSDevice": [{"major": 8, "minor": 2}],
      "throttleWriteIOPSDevice": [{"major": 8, "minor": 3, "rate": 18446744073709551615}]}})")
                         .block_io;
  EXPECT_EQ(io.weight, 10);
  EXPECT_EQ(io.leaf_weight, 1000);
  ASSERT_EQ(io.weight_device.size(), 1u);
  EXPECT_EQ(io.weight_device[0].minor, 16);
  EXPECT_EQ(io.weight_device[0].leaf_weight, 300);
  EXPECT_EQ(io.read_bps.at(0).rate, 600u);
  EXPECT_EQ(io.write_bps.at(0).rate, 700u);
  EXPECT_EQ(io.read_iops.at(0).rate, 0u);
  EXPECT_EQ(io.write_iops.at(0).rate, UINT64_MAX);
  EXPECT_FALSE(parsed(R"({"blockIO": {"weight": 0}})").block_io.weight) << "0 is not set";
}

TEST(Resources, ReadsHugepagesNetworkAndRdma) {
  const Resources r = parsed(R"({
      "hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}, {"pageSize": "64KB", "limit": 0}],
      "network": {"classID": 1048577, "priorities": [{"name": "eth0", "priority": 500}]},
      "rdma": {"mlx5_1": {"hcaHandles": 3}, "rxe3": {"hcaObjects": 1000}}})");
  ASSERT_EQ(r.hugepage_limits.size(), 2u);
  EXPECT_EQ(r.hugepage_limits[0].page_size, "2MB");
  EXPECT_EQ(r.hugepage_limits[0].limit, 4194304u);
  EXPECT_EQ(r.network_class_id, 1048577u);
  ASSERT_EQ(r.network_priorities.size(), 1u);
  EXPECT_EQ(r.network_priorities[0].interface, "eth0");
  EXPECT_EQ(r.network_priorities[0].priority, 500u);
  EXPECT_EQ(r.rdma.at("mlx5_1").hca_handles, 3u);
  EXPECT_FALSE(r.rdma.at("mlx5_1").hca_objects);
  EXPECT_EQ(r.rdma.at("rxe3").hca_objects, 1000u);
}

TEST(Resources, ErrorsNameTheDocument) {
  EXPECT_EQ(test::message_of([] { parsed(R"({"memory": {"limit": "1"}})"); }),
            "resources: memory.limit: expected a whole number, found a string");
  EXPECT_EQ(test::message_of([] { parsed(R"({"a": 1, "a": 2})"); }),
            "resources: property 'a' is given twice in one object");
  EXPECT_EQ(test::message_of([] { parsed("[]"); }),
            "resources: expected an object, found an array");
}

}  // namespace
}  // namespace berth::runtime::spec
