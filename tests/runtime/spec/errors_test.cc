// The exact line for each kind of mistake in config.json.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "runtime/spec/parse.h"

namespace berth::runtime::spec {
namespace {

std::string error_of(const std::string& text) {
  try {
    parse_spec(text);
  } catch (const Error& e) {
    return e.message();
  }
  return "no error";
}

// A good file but for one value: `patch` is merged into it.
std::string error_with(const std::string& patch) {
  auto config = nlohmann::json::parse(R"({
    "ociVersion": "1.0.2",
    "process": {"args": ["sh"], "cwd": "/"},
    "root": {"path": "rootfs"},
    "linux": {"namespaces": [{"type": "mount"}]}})");
  config.merge_patch(nlohmann::json::parse(patch));
  return error_of(config.dump());
}

struct Case {
  const char* patch;
  const char* message;
};

class Mistake : public ::testing::TestWithParam<Case> {};

TEST_P(Mistake, IsOneLineWithTheKeyPath) {
  EXPECT_EQ(error_with(GetParam().patch), std::string("config.json: ") + GetParam().message);
}

const Case kTop[] = {
    {R"({"ociVersion": null})", "ociVersion: missing"},
    {R"({"ociVersion": 1})", "ociVersion: expected a string, found a number"},
    {R"({"ociVersion": "2.0.0"})",
     "ociVersion: '2.0.0' is not a version of the runtime specification 1.x"},
    {R"({"ociVersion": "1.x"})",
     "ociVersion: '1.x' is not a version of the runtime specification 1.x"},
    {R"({"root": null})", "root: missing"},
    {R"({"root": {"path": null}})", "root.path: missing"},
    {R"({"root": {"path": ""}})", "root.path: is empty"},
    {R"({"root": {"readonly": "yes"}})", "root.readonly: expected a boolean, found a string"},
    {R"({"mounts": {}})", "mounts: expected an array, found an object"},
    {R"({"mounts": [{"type": "proc"}]})", "mounts[0].destination: missing"},
    {R"({"mounts": [{"destination": ""}]})", "mounts[0].destination: is empty"},
    {R"({"mounts": [{"destination": "/a"}, {"destination": "/b", "options": ["ro", 3]}]})",
     "mounts[1].options[1]: expected a string, found a number"},
    {R"({"mounts": [{"destination": "/a", "uidMappings":
         [{"containerID": 0, "hostID": 1, "size": 1}]}]})",
     "mounts[0].uidMappings: mounts with their own id mappings are not supported"},
    {R"({"annotations": {"a": 1}})", "annotations.a: expected a string, found a number"},
    {R"({"hooks": {"prestart": [{"path": "hook"}]}})",
     "hooks.prestart[0].path: 'hook' is not an absolute path"},
    {R"({"hooks": {"poststop": [{"path": "/h", "timeout": 0}]}})",
     "hooks.poststop[0].timeout: 0 is not between 1 and 2147483647"},
    {R"({"hostname": "n1"})", "hostname: 'n1' needs a namespace of type 'uts'"},
};
INSTANTIATE_TEST_SUITE_P(Top, Mistake, ::testing::ValuesIn(kTop));

const Case kProcess[] = {
    {R"({"process": "sh"})", "process: expected an object, found a string"},
    {R"({"process": {"args": null}})", "process.args: missing"},
    {R"({"process": {"args": 3}})", "process.args: expected an array of strings, found a number"},
    {R"({"process": {"args": []}})", "process.args: is empty"},
    {R"({"process": {"args": [""]}})", "process.args: the program's name is empty"},
    {R"({"process": {"args": ["sh", "a\u0000b"]}})",
     "process.args[1]: 'a\\x00b' contains a NUL character"},
    {R"({"process": {"args": ["sh", null]}})", "process.args[1]: expected a string, found null"},
    {R"({"process": {"cwd": null}})", "process.cwd: missing"},
    {R"({"process": {"cwd": "work"}})", "process.cwd: 'work' is not an absolute path"},
    {R"({"process": {"user": {"uid": -1}}})",
     "process.user.uid: -1 is not between 0 and 4294967294"},
    {R"({"process": {"user": {"gid": 4294967295}}})",
     "process.user.gid: 4294967295 is not between 0 and 4294967294"},
    {R"({"process": {"user": {"uid": 1.5}}})",
     "process.user.uid: expected a whole number, found a number"},
    {R"({"process": {"user": {"additionalGids": [5, "audio"]}}})",
     "process.user.additionalGids[1]: expected a whole number, found a string"},
    {R"({"process": {"rlimits": [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
         {"type": "RLIMIT_AS", "soft": 0, "hard": 0}, {"type": "RLIMIT_FOO"}]}})",
     "process.rlimits[2].type: 'RLIMIT_FOO' is not a resource limit"},
    {R"({"process": {"rlimits": [{"type": "RLIMIT_AS", "soft": 1, "hard": 1},
         {"type": "RLIMIT_AS"}]}})",
     "process.rlimits[1].type: 'RLIMIT_AS' is given twice"},
    {R"({"process": {"rlimits": [{"type": "RLIMIT_AS", "soft": 2, "hard": 1}]}})",
     "process.rlimits[0].soft: 2 is above the hard limit 1"},
    {R"({"process": {"rlimits": [{"type": "RLIMIT_AS", "soft": 2}]}})",
     "process.rlimits[0].hard: missing"},
    {R"({"process": {"env": ["A=1", "B"]}})", "process.env[1]: 'B' is not NAME=value"},
    {R"({"process": {"env": ["=1"]}})", "process.env[0]: '=1' is not NAME=value"},
    {R"({"process": {"scheduler": {}}})", "process.scheduler.policy: missing"},
    {R"({"process": {"scheduler": {"policy": "SCHED_FAST"}}})",
     "process.scheduler.policy: 'SCHED_FAST' is not a scheduling policy"},
    {R"({"process": {"scheduler": {"policy": "SCHED_OTHER", "nice": 20}}})",
     "process.scheduler.nice: 20 is not between -20 and 19"},
    {R"({"process": {"scheduler": {"policy": "SCHED_OTHER", "priority": 5}}})",
     "process.scheduler.priority: is for SCHED_FIFO and SCHED_RR"},
    {R"({"process": {"scheduler": {"policy": "SCHED_FIFO", "period": 5}}})",
     "process.scheduler.period: is for SCHED_DEADLINE"},
    {R"({"process": {"scheduler": {"policy": "SCHED_RR", "flags": ["RESET"]}}})",
     "process.scheduler.flags[0]: 'RESET' is not a scheduling flag"},
    {R"({"process": {"ioPriority": {"priority": 1}}})", "process.ioPriority.class: missing"},
    {R"({"process": {"ioPriority": {"class": "IOPRIO_CLASS_RT", "priority": 8}}})",
     "process.ioPriority.priority: 8 is not between 0 and 7"},
    {R"({"process": {"ioPriority": {"class": "RT"}}})",
     "process.ioPriority.class: 'RT' is not a class of I/O priority"},
    {R"({"process": {"execCPUAffinity": {"initial": "0-"}}})",
     "process.execCPUAffinity.initial: '0-' is not a list of numbers, as '0-3,8' is"},
    {R"({"process": {"execCPUAffinity": {"final": "3-1"}}})",
     "process.execCPUAffinity.final: '3-1' is not a list of numbers, as '0-3,8' is"},
    {R"({"process": {"execCPUAffinity": {"final": "1,"}}})",
     "process.execCPUAffinity.final: '1,' is not a list of numbers, as '0-3,8' is"},
    {R"({"process": {"consoleSize": {"height": 24}}})", "process.consoleSize.width: missing"},
    {R"({"process": {"consoleSize": {"height": 65536, "width": 80}}})",
     "process.consoleSize.height: 65536 is not between 0 and 65535"},
    {R"({"process": {"oomScoreAdj": 2000}})",
     "process.oomScoreAdj: 2000 is not between -1000 and 1000"},
    {R"({"process": {"apparmorProfile": "tight"}})",
     "process.apparmorProfile: 'tight' cannot be applied by this version"},
};
INSTANTIATE_TEST_SUITE_P(Process, Mistake, ::testing::ValuesIn(kProcess));

const Case kLinux[] = {
    {R"({"linux": {"namespaces": [{"type": "disk"}]}})",
     "linux.namespaces[0].type: 'disk' is not a namespace"},
    {R"({"linux": {"namespaces": [{"type": "pid"}, {"type": "pid"}]}})",
     "linux.namespaces[1].type: 'pid' is given twice"},
    {R"({"linux": {"namespaces": [{"type": "network", "path": "netns"}]}})",
     "linux.namespaces[0].path: 'netns' is not an absolute path"},
    {R"({"linux": {"uidMappings": [{"containerID": 0, "hostID": 1, "size": 1}]}})",
     "linux.uidMappings: needs a namespace of type 'user'"},
    {R"({"linux": {"uidMappings": [{"containerID": 0, "hostID": 1, "size": 0}]}})",
     "linux.uidMappings[0].size: 0 is not between 1 and 4294967295"},
    {R"({"linux": {"gidMappings": [{"containerID": 0, "hostID": 4294967295, "size": 1}]}})",
     "linux.gidMappings[0]: goes beyond the last id"},
    {R"({"linux": {"gidMappings": [{"containerID": 0, "hostID": 100, "size": 10},
         {"containerID": 9, "hostID": 200, "size": 10}]}})",
     "linux.gidMappings[1]: overlaps another mapping's container ids"},
    {R"({"linux": {"gidMappings": [{"containerID": 0, "hostID": 100, "size": 10},
         {"containerID": 20, "hostID": 95, "size": 10}]}})",
     "linux.gidMappings[1]: overlaps another mapping's host ids"},
    {R"({"linux": {"devices": [{"path": "/dev/x", "type": "d"}]}})",
     "linux.devices[0].type: 'd' is not one of c, b, u, p"},
    {R"({"linux": {"devices": [{"path": "x", "type": "c"}]}})",
     "linux.devices[0].path: 'x' is not an absolute path"},
    {R"({"linux": {"devices": [{"path": "/dev/x", "type": "c", "major": 1}]}})",
     "linux.devices[0].minor: missing"},
    {R"({"linux": {"sysctl": {"kernel.panic": "1"}}})",
     "linux.sysctl.kernel.panic: is not kept per namespace: it would change the host"},
    {R"({"linux": {"sysctl": {"net.core.somaxconn": "1"}}})",
     "linux.sysctl.net.core.somaxconn: needs a namespace of type 'network': "
     "it would change the host"},
    {R"({"linux": {"sysctl": {"net/../kernel/panic": "1"}}})",
     "linux.sysctl.net/../kernel/panic: is not the name of a kernel parameter"},
    {R"({"linux": {"personality": {"domain": "LINUX64"}}})",
     "linux.personality.domain: 'LINUX64' is not one of LINUX, LINUX32"},
    {R"({"linux": {"memoryPolicy": {"nodes": "0"}}})", "linux.memoryPolicy.mode: missing"},
    {R"({"linux": {"memoryPolicy": {"mode": "MPOL_ALL"}}})",
     "linux.memoryPolicy.mode: 'MPOL_ALL' is not a memory policy"},
    {R"({"linux": {"memoryPolicy": {"mode": "MPOL_BIND"}}})",
     "linux.memoryPolicy.nodes: is needed for MPOL_BIND"},
    {R"({"linux": {"memoryPolicy": {"mode": "MPOL_LOCAL", "nodes": "0"}}})",
     "linux.memoryPolicy.nodes: is not for MPOL_LOCAL"},
    {R"({"linux": {"memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0",
         "flags": ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"]}}})",
     "linux.memoryPolicy.flags: "
     "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other"},
    {R"({"linux": {"timeOffsets": {"monotonic": {"secs": 1}}}})",
     "linux.timeOffsets: needs a namespace of type 'time'"},
    {R"({"linux": {"timeOffsets": {"realtime": {"secs": 1}}}})",
     "linux.timeOffsets.realtime: is not one of the clocks monotonic, boottime"},
    {R"({"linux": {"timeOffsets": {"boottime": {"nanosecs": 1000000000}}}})",
     "linux.timeOffsets.boottime.nanosecs: 1000000000 is not between 0 and 999999999"},
    {R"({"linux": {"maskedPaths": ["proc"]}})",
     "linux.maskedPaths[0]: 'proc' is not an absolute path"},
    {R"({"linux": {"rootfsPropagation": "wide"}})",
     "linux.rootfsPropagation: 'wide' is not one of private, slave, shared, unbindable, "
     "or these with r before"},
    {R"({"linux": {"resources": {"memory": {"limit": -2}}}})",
     "linux.resources.memory.limit: -2 is not between -1 and 9223372036854775807"},
    {R"({"linux": {"resources": {"cpu": {"shares": -1}}}})",
     "linux.resources.cpu.shares: -1 is not between 0 and 18446744073709551615"},
    {R"({"linux": {"resources": {"memory": {"swappiness": 101}}}})",
     "linux.resources.memory.swappiness: 101 is not between 0 and 100"},
    {R"({"linux": {"resources": {"memory": {"disableOOMKiller": 1}}}})",
     "linux.resources.memory.disableOOMKiller: expected a boolean, found a number"},
    {R"({"linux": {"resources": {"cpu": {"idle": 2}}}})",
     "linux.resources.cpu.idle: 2 is not between 0 and 1"},
    {R"({"linux": {"resources": {"cpu": {"burst": -5}}}})",
     "linux.resources.cpu.burst: -5 is not between 0 and 18446744073709551615"},
    {R"({"linux": {"resources": {"cpu": {"realtimeRuntime": "1"}}}})",
     "linux.resources.cpu.realtimeRuntime: expected a whole number, found a string"},
    {R"({"linux": {"resources": {"blockIO": {"weight": 9}}}})",
     "linux.resources.blockIO.weight: 9 is not between 10 and 1000"},
    {R"({"linux": {"resources": {"blockIO": {"leafWeight": 1001}}}})",
     "linux.resources.blockIO.leafWeight: 1001 is not between 0 and 1000"},
    {R"({"linux": {"resources": {"blockIO": {"weightDevice": [{"major": 8, "minor": 0}]}}}})",
     "linux.resources.blockIO.weightDevice[0]: has neither a weight nor a leafWeight"},
    {R"({"linux": {"resources": {"blockIO": {"throttleReadBpsDevice": [{"major": 8}]}}}})",
     "linux.resources.blockIO.throttleReadBpsDevice[0].minor: missing"},
    {R"({"linux": {"resources": {"blockIO": {"throttleWriteIOPSDevice":
         [{"major": 8, "minor": 0, "rate": -1}]}}}})",
     "linux.resources.blockIO.throttleWriteIOPSDevice[0].rate: -1 is not between 0 and "
     "18446744073709551615"},
    {R"({"linux": {"resources": {"hugepageLimits": [{"pageSize": "../2MB", "limit": 1}]}}})",
     "linux.resources.hugepageLimits[0].pageSize: '../2MB' is not a page size, as '2MB' is"},
    {R"({"linux": {"resources": {"hugepageLimits": [{"pageSize": "2MB"}]}}})",
     "linux.resources.hugepageLimits[0].limit: missing"},
    {R"({"linux": {"resources": {"hugepageLimits":
         [{"pageSize": "2MB", "limit": 1}, {"pageSize": "2MB", "limit": 2}]}}})",
     "linux.resources.hugepageLimits[1].pageSize: '2MB' is given twice"},
    {R"({"linux": {"resources": {"network": {"classID": 4294967296}}}})",
     "linux.resources.network.classID: 4294967296 is not between 0 and 4294967295"},
    {R"({"linux": {"resources": {"network": {"priorities": [{"name": "a b", "priority": 1}]}}}})",
     "linux.resources.network.priorities[0].name: is not the name of a device"},
    {R"({"linux": {"resources": {"rdma": {"mlx5_1": {}}}}})",
     "linux.resources.rdma.mlx5_1: has neither hcaHandles nor hcaObjects"},
    {R"({"linux": {"resources": {"rdma": {"a b": {"hcaHandles": 1}}}}})",
     "linux.resources.rdma.a b: is not the name of a device"},
    {R"({"linux": {"resources": {"devices": [{"allow": true, "type": "x"}]}}})",
     "linux.resources.devices[0].type: 'x' is not one of a, b, c"},
    {R"({"linux": {"resources": {"devices": [{"allow": true, "access": "rx"}]}}})",
     "linux.resources.devices[0].access: 'rx' is not made of r, w and m"},
    {R"({"linux": {"resources": {"unified": {"../x.y": "1"}}}})",
     "linux.resources.unified.../x.y: is not the name of a cgroup file, as 'memory.high' is"},
    {R"({"linux": {"seccomp": {"defaultAction": "ALLOW"}}})",
     "linux.seccomp.defaultAction: 'ALLOW' is not a seccomp action"},
    {R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "flags": ["X"]}}})",
     "linux.seccomp.flags[0]: 'X' is not a seccomp flag"},
    {R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls":
         [{"names": [], "action": "SCMP_ACT_KILL"}]}}})",
     "linux.seccomp.syscalls[0].names: is empty"},
    {R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"],
         "action": "SCMP_ACT_KILL", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]}}})",
     "linux.seccomp.syscalls[0].args[0].index: 6 is not between 0 and 5"},
};
INSTANTIATE_TEST_SUITE_P(Linux, Mistake, ::testing::ValuesIn(kLinux));

TEST(Syntax, NamesLineAndColumn) {
  const std::string message = error_of("{\n  \"ociVersion\": \"1.0.0\",\n      x\n}");
  EXPECT_TRUE(message.starts_with("config.json: line 3, column 7: ")) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_EQ(message.find("json.exception"), std::string::npos) << message;
}

TEST(Syntax, EmptyFileIsAnError) {
  const std::string message = error_of("");
  EXPECT_TRUE(message.starts_with("config.json: line 1, column 1: ")) << message;
}

TEST(Syntax, CutOffFileIsAnError) {
  const std::string message = error_of("{\"ociVersion\": \"1.0.0\",\n\"root\": {");
  EXPECT_TRUE(message.starts_with("config.json: line 2, column 10: ")) << message;
}

TEST(Syntax, PropertyGivenTwiceIsAnError) {
  EXPECT_EQ(error_of(R"({"root": {"path": "a", "path": "b"}})"),
            "config.json: property 'path' is given twice in one object");
}

TEST(Syntax, TopMustBeAnObject) {
  EXPECT_EQ(error_of("[]"), "config.json: expected an object, found an array");
  EXPECT_EQ(error_of("3"), "config.json: expected an object, found a number");
}

TEST(Hostile, DeepNestingIsRefused) {
  EXPECT_EQ(error_of(std::string(2'000'000, '[')), "config.json: nested deeper than 32 levels");
  std::string objects;
  for (int i = 0; i < 200'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(error_of(objects), "config.json: nested deeper than 32 levels");
}

TEST(Hostile, NumbersBeyondEveryTypeAreErrors) {
  EXPECT_NE(error_of(R"({"ociVersion": 1e999999})"), "no error");
  EXPECT_EQ(error_with(R"({"process": {"user": {"uid": 18446744073709551615}}})"),
            "config.json: process.user.uid: 18446744073709551615 is not between 0 and 4294967294");
}

TEST(Hostile, InvalidUtf8IsAnError) {
  const std::string message = error_of("{\"ociVersion\": \"\xff\xfe\"}");
  EXPECT_TRUE(message.starts_with("config.json: line 1, column 17: ")) << message;
}

TEST(Hostile, ValuesCannotBreakTheLineOrFloodIt) {
  const std::string message =
      error_of("{\"ociVersion\": \"9\\n" + std::string(100'000, 'x') + "\"}");
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_LT(message.size(), 400u);
}

}  // namespace
}  // namespace berth::runtime::spec
