// What looks like a mistake, or is one elsewhere, and is taken: other runtimes and engines do so.
#include <gtest/gtest.h>

#include "base/error.h"
#include "runtime/spec/parse.h"
#include "tests/runtime/spec/bad_config/bad_config.h"

namespace berth::runtime::spec {
namespace {

constexpr const char* kAccepted[] = {
    R"({"ociVersion": "1.0.2-dev"})",
    R"({"ociVersion": "1.3.0+dev"})",
    R"({"unknown": {"a": 1}, "process": {"unknown": 1}, "linux": {"unknown": []}})",
    R"({"process": {"user": {"additionalGids": []}, "rlimits": []}})",
    R"({"process": {"env": ["A=", "B=x=y", "A=2"]}})",
    R"({"process": {"scheduler": {"policy": "SCHED_BATCH", "nice": 19, "priority": 0}}})",
    R"({"process": {"scheduler": {"policy": "SCHED_IDLE", "nice": 5}}})",
    R"({"process": {"scheduler": {"policy": "SCHED_DEADLINE", "nice": 19, "priority": 0,
        "runtime": 42000, "deadline": 100000, "period": 1000000}}})",
    R"({"process": {"scheduler": {"policy": "SCHED_DEADLINE", "runtime": 1024, "deadline": 1024}}})",
    R"({"process": {"scheduler": {"policy": "SCHED_RR", "priority": 9, "nice": 0, "period": 0}}})",
    R"({"mounts": [{"destination": "relative"}]})",
    R"({"annotations": {"a": ""}})",
    R"({"hostname": "", "linux": {"namespaces": []}})",
    R"({"linux": {"namespaces": [{"type": "pid", "path": ""}]}})",
    R"({"linux": {"namespaces": [{"type": "user"}]}})",
    R"({"process": {"user": {"uid": 9}}, "linux": {
        "namespaces": [{"type": "user"}], "uidMappings": [{"containerID": 9, "hostID": 1, "size": 1}],
        "gidMappings": [{"containerID": 0, "hostID": 1, "size": 1}]}})",
    R"({"process": {"user": {"uid": 1000}}, "linux": {
        "namespaces": [{"type": "user", "path": "/proc/1/ns/user"}],
        "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}],
        "gidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]}})",
    R"({"linux": {"devices": [{"path": "/dev/x", "type": "c", "major": 1, "minor": 3},
        {"path": "/dev/x", "type": "c", "major": 1, "minor": 3, "fileMode": 33206}]}})",
    R"({"linux": {"devices": [{"path": "/dev/p", "type": "p", "major": 8, "minor": 666}]}})",
    R"({"linux": {"cgroupsPath": "/a/..b/c..", "rootfsPropagation": ""}})",
    R"({"linux": {"cgroupsPath": "system.slice:berth:a..b"}})",
    R"({"linux": {"sysctl": {"net/ipv4/conf/eth0.5/rp_filter": "1", "kernel.domainname": "d"}}})",
    R"({"linux": {"memoryPolicy": {"mode": "MPOL_PREFERRED", "nodes": ""}}})",
    R"({"linux": {"memoryPolicy": {"mode": "MPOL_DEFAULT"}}})",
    R"({"linux": {"resources": {"memory": {"limit": 4096, "swap": 4096}}}})",
    R"({"linux": {"resources": {"memory": {"limit": 4096, "swap": -1}}}})",
    R"({"linux": {"resources": {"memory": {"limit": 0, "swap": 0, "kernel": 5}}}})",
    R"({"linux": {"resources": {"cpu": {"shares": 0, "period": 0, "quota": 0}}}})",
    R"({"linux": {"resources": {"cpu": {"quota": -5, "burst": 100}}}})",
    R"({"linux": {"resources": {"cpu": {"realtimePeriod": 0, "realtimeRuntime": 5}}}})",
    R"({"linux": {"resources": {"cpu": {"cpus": "0-31:1/4", "mems": ""}}}})",
    R"({"linux": {"resources": {"cpu": {"cpus": "0-N"}}}})",
    R"({"linux": {"resources": {"devices": [{"allow": false, "access": "", "type": ""}]}}})",
    R"({"linux": {"resources": {"devices": [{"allow": false, "access": "rwa"}]}}})",
    R"({"linux": {"resources": {"hugepageLimits": [{"pagesize": "2MB", "limit": 1}]}}})",
    R"({"linux": {"resources": {"blockIO": {"weight": 0}, "pids": {}}}})",
    R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
        "syscalls": [{"names": ["clone", "none_of_that_name"], "action": "SCMP_ACT_ALLOW", "args": [
          {"index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"},
          {"index": 0, "value": 1, "valueTwo": 0, "op": "SCMP_CMP_EQ"}]}]}}})",
    R"({"linux": {"netDevices": {"eth0": {"name": ""}, "eth1": {"name": "a"}}}})",
    R"({"linux": {"netDevices": {"a": {"name": "eth%d"}, "b": {"name": "eth%d"}}}})",
    R"({"linux": {"namespaces": [{"type": "mount"}], "netDevices": {}}})",
    R"({"linux": {"intelRdt": {"closID": "/"}}})",
    R"({"linux": {"intelRdt": {"closID": "a", "l3CacheSchema": "L3:0=f\nL3:1=f"}}})",
};

TEST(Accepted, IsNoError) {
  for (const char* patch : kAccepted) {
    try {
      (void)parse_spec(test::patched_config(patch));
    } catch (const Error& e) {
      ADD_FAILURE() << e.message() << "\n" << patch;
    }
  }
}

TEST(NetDevices, HaveTheHostsNameWhereNoneIsGiven) {
  const Spec spec = parse_spec(test::patched_config(
      R"({"linux": {"netDevices": {"eth0": {}, "eth1": {"name": "a"}, "eth2": {"name": "e%d"}}}})"));
  const std::vector<NetDevice> expected{{"eth0", ""}, {"eth1", "a"}, {"eth2", "e%d"}};
  EXPECT_EQ(spec.linux_.net_devices, expected);
  EXPECT_EQ(spec.linux_.net_devices[0].container_name(), "eth0");
  EXPECT_EQ(spec.linux_.net_devices[1].container_name(), "a");
  EXPECT_TRUE(spec.warnings.empty());
}

// config-linux.md, "IntelRdt": the order of writing; of bandwidth memBwSchema had the only word.
TEST(IntelRdt, LinesAreInTheOrderOfWriting) {
  const auto rdt_of = [](const char* patch) {
    return parse_spec(test::patched_config(patch)).linux_.intel_rdt.value();
  };
  const IntelRdt rdt = rdt_of(R"({"linux": {"intelRdt": {"closID": "a", "enableMonitoring": true,
      "schemata": ["L2:0=f", "MB:0=30"], "memBwSchema": "MB:0=20",
      "l3CacheSchema": "L3:0=f\nMB:0=70\nL3:1=3"}}})");
  EXPECT_EQ(rdt.clos_id, "a");
  EXPECT_TRUE(rdt.enable_monitoring);
  EXPECT_EQ(rdt.lines,
            (std::vector<std::string>{"L3:0=f", "L3:1=3", "MB:0=20", "L2:0=f", "MB:0=30"}));
  const IntelRdt alone = rdt_of(R"({"linux": {"intelRdt": {"l3CacheSchema": "L3:0=f\nMB:0=70"}}})");
  EXPECT_EQ(alone.clos_id, "");
  EXPECT_FALSE(alone.enable_monitoring);
  EXPECT_EQ(alone.lines, (std::vector<std::string>{"L3:0=f", "MB:0=70"}));
  EXPECT_TRUE(rdt_of(R"({"linux": {"intelRdt": {}}})").lines.empty());
}

}  // namespace
}  // namespace berth::runtime::spec
