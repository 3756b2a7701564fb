// The exact line for each kind of mistake in config.json.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "runtime/spec/parse.h"
#include "tests/runtime/spec/bad_config/bad_config.h"

namespace berth::test {
namespace {

std::string error_of(const std::string& config) {
  try {
    (void)runtime::spec::parse_spec(config);
  } catch (const Error& e) {
    return e.message();
  }
  return "no error";
}

TEST(BadConfig, TheConfigurationThatIsPatchedIsGood) {
  EXPECT_EQ(error_of(good_config()), "no error");
}

TEST(BadConfig, IsOneLineWithTheKeyPathTheValueAndWhatIsAllowed) {
  for (const BadConfig& bad : all_bad_configs()) {
    EXPECT_EQ(error_of(patched_config(bad.patch)), std::string("config.json: ") + bad.message)
        << bad.patch;
  }
}

TEST(BadConfig, NoneIsThereTwice) {
  std::set<std::string> seen;
  for (const BadConfig& bad : all_bad_configs()) {
    EXPECT_TRUE(seen.insert(bad.patch).second) << bad.patch;
  }
  EXPECT_GE(seen.size(), 200U);
}

// Every property that the parser reads, right.
constexpr const char* kRich = R"({
  "ociVersion": "1.2.0", "hostname": "h", "domainname": "d", "annotations": {"a": "b"},
  "process": {"terminal": true, "consoleSize": {"height": 1, "width": 1}, "args": ["a"],
    "env": ["A=1"], "cwd": "/", "noNewPrivileges": true, "oomScoreAdj": 1,
    "user": {"uid": 0, "gid": 0, "umask": 18, "additionalGids": [0], "username": "u"},
    "capabilities": {"bounding": ["CAP_KILL"], "effective": [], "permitted": [], "inheritable": [],
      "ambient": []},
    "rlimits": [{"type": "RLIMIT_AS", "soft": 1, "hard": 1}],
    "scheduler": {"policy": "SCHED_DEADLINE", "nice": 0, "priority": 0, "flags": [],
      "runtime": 2000, "deadline": 3000, "period": 4000},
    "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 1},
    "execCPUAffinity": {"initial": "0", "final": "0"}},
  "root": {"path": "rootfs", "readonly": true},
  "mounts": [{"destination": "/a", "type": "tmpfs", "source": "a", "options": ["ro"]}],
  "hooks": {"poststop": [{"path": "/h", "args": ["h"], "env": ["A=1"], "timeout": 5}]},
  "linux": {
    "namespaces": [{"type": "uts"}, {"type": "user", "path": ""}, {"type": "time"},
      {"type": "network"}],
    "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}],
    "gidMappings": [{"containerID": 0, "hostID": 0, "size": 1}],
    "devices": [{"path": "/dev/x", "type": "c", "major": 1, "minor": 3, "fileMode": 438, "uid": 0,
      "gid": 0}],
    "cgroupsPath": "/a", "rootfsPropagation": "slave", "mountLabel": "", "sysctl": {"net.a": "1"},
    "maskedPaths": ["/a"], "readonlyPaths": ["/b"], "timeOffsets": {"monotonic": {"secs": 1,
      "nanosecs": 1}}, "personality": {"domain": "LINUX", "flags": []},
    "memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]},
    "netDevices": {"eth0": {"name": "a"}},
    "intelRdt": {"closID": "a", "l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=10",
      "schemata": ["L2:0=f"], "enableMonitoring": true},
    "seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "flags": [],
      "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [{"names": ["read"],
        "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "args": [{"index": 0, "value": 1,
          "valueTwo": 1, "op": "SCMP_CMP_MASKED_EQ"}]}]},
    "resources": {
      "devices": [{"allow": true, "type": "c", "major": 1, "minor": 1, "access": "r"}],
      "memory": {"limit": 1, "swap": 1, "reservation": 1, "swappiness": 1, "kernel": 1,
        "kernelTCP": 1, "useHierarchy": true, "disableOOMKiller": true, "checkBeforeUpdate": true},
      "cpu": {"shares": 2, "quota": 2000, "period": 2000, "burst": 1, "realtimePeriod": 1,
        "realtimeRuntime": 1, "idle": 1, "cpus": "0", "mems": "0"},
      "pids": {"limit": 1}, "hugepageLimits": [{"pageSize": "2MB", "limit": 1}],
      "network": {"classID": 1, "priorities": [{"name": "a", "priority": 1}]},
      "rdma": {"a": {"hcaHandles": 1, "hcaObjects": 1}}, "unified": {"a.b": "1"},
      "blockIO": {"weight": 10, "leafWeight": 10, "weightDevice": [{"major": 1, "minor": 1,
        "weight": 10, "leafWeight": 10}],
        "throttleReadBpsDevice": [{"major": 1, "minor": 1, "rate": 1}]}}}})";

// Wherever a value stands, one of another type ends in an error that names the place, and never in
// anything else. Another number may be right.
TEST(BadConfig, AValueOfAnotherTypeIsAnErrorAtItsPlace) {
  using nlohmann::json;
  const json rich = json::parse(kRich);
  ASSERT_EQ(error_of(rich.dump()), "no error");
  const json others[] = {json::object(), json::array(), "x", 7, -7, 1.5, true, json::array({1})};
  const json flat = rich.flatten();
  size_t refused = 0;
  for (const auto& [pointer, value] : flat.items()) {
    for (json::json_pointer at(pointer); !at.empty(); at.pop_back()) {
      for (const json& other : others) {
        if (other.type() == rich[at].type()) continue;
        json config = rich;
        config[at] = other;
        const std::string said = error_of(config.dump());
        EXPECT_TRUE(said == "no error" || said.starts_with("config.json: ")) << said;
        EXPECT_EQ(said.find('\n'), std::string::npos) << said;
        if (rich[at].is_number() && other.is_number_integer()) continue;
        EXPECT_NE(said, "no error") << at.to_string() << " = " << other;
        ++refused;
        const std::string key = at.to_string().substr(1, at.to_string().find('/', 1) - 1);
        EXPECT_NE(said.find(key), std::string::npos) << at.to_string() << ": " << said;
      }
    }
  }
  EXPECT_GT(refused, 1000U);
}

}  // namespace
}  // namespace berth::test
