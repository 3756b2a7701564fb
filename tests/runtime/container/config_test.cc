// A config.json as `runc spec` writes it, from the file to the program's exit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "runtime/container/spawn.h"
#include "runtime/spec/parse.h"
#include "tests/runtime/container/bundle.h"

namespace berth::runtime {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kConfig = R"({
  "ociVersion": "1.2.0",
  "process": {
    "terminal": false, "user": {"uid": 0, "gid": 0},
    "args": ["sh", "-c", "echo $$ $(hostname); mount; probe mkdir /x"],
    "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
    "cwd": "/",
    "capabilities": {
      "bounding": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
      "effective": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
      "permitted": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
    },
    "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
    "noNewPrivileges": true
  },
  "root": {"path": "rootfs", "readonly": true},
  "hostname": "berth",
  "mounts": [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
     "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
     "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]},
    {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
     "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
    {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
     "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/sys", "type": "sysfs", "source": "sysfs",
     "options": ["nosuid", "noexec", "nodev", "ro"]}
  ],
  "linux": {
    "namespaces": [{"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"},
                   {"type": "mount"}, {"type": "cgroup"}],
    "maskedPaths": ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list",
                    "/sys/firmware"],
    "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
  }
})";

class ConfigTest : public ::testing::TestWithParam<uid_t> {};

INSTANTIATE_TEST_SUITE_P(As, ConfigTest, ::testing::Values(0, test::kNobody),
                         [](const auto& as) { return as.param == 0 ? "Root" : "User"; });

TEST_P(ConfigTest, RunsFromTheFileToTheEnd) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  const test::Bundle bundle;
  Entry entry = bundle.entry({});
  entry.spec = spec::parse_spec(kConfig);
  const test::Outcome outcome = test::launch(GetParam(), [&] { enter_or_stay(std::move(entry)); });
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, ::testing::StartsWith("1 berth\n"));
  EXPECT_THAT(outcome.out, HasSubstr("proc on /proc type proc"));
  EXPECT_THAT(outcome.out, HasSubstr("on /sys type sysfs (ro"));
  EXPECT_THAT(outcome.out, ::testing::EndsWith("Read-only file system\n"));
}

// Small changes of that file, one program each that looks at itself.
struct Look {
  const char* name;
  const char* patch;
  const char* script;
  const char* seen;
};

class Attribute : public ::testing::TestWithParam<Look> {};

TEST_P(Attribute, IsSeenFromInside) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  const test::Bundle bundle;
  auto config = nlohmann::json::parse(kConfig);
  config.merge_patch(nlohmann::json::parse(GetParam().patch));
  config["process"]["args"] = {"sh", "-c", GetParam().script};
  Entry entry = bundle.entry({});
  entry.spec = spec::parse_spec(config.dump());
  const test::Outcome outcome = test::launch(0, [&] { enter_or_stay(std::move(entry)); });
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out, std::string(GetParam().seen) + "\n");
}

// proc(5) stat: 18 priority, 19 nice, 41 policy.
constexpr const char* kScheduling = "set -- $(cat /proc/self/stat); echo ${18} ${19} ${41}";

INSTANTIATE_TEST_SUITE_P(
    Process, Attribute,
    ::testing::Values(
        Look{"Umask", R"({"process": {"user": {"umask": 7}}})", "umask", "0007"},
        Look{"Groups", R"({"process": {"user": {"uid": 5, "gid": 6, "additionalGids": [7, 8]}}})",
             "id -u; id -G", "5\n6 7 8"},
        Look{"Stdio", R"({"process": {"user": {"uid": 5}}})",
             "echo again > /dev/stdout; echo more > /proc/self/fd/1", "again\nmore"},
        Look{"StdioInAUserNamespace",
             R"({"process": {"user": {"uid": 5}},
                 "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "user"},
                                          {"type": "uts"}],
                           "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 65536}],
                           "gidMappings": [{"containerID": 0, "hostID": 1000, "size": 65536}]}})",
             "echo again > /dev/stdout; echo more > /proc/self/fd/1", "again\nmore"},
        Look{"Home", R"({"process": {"user": {"uid": 5}}})", "echo $HOME", "/"},
        Look{"LastOfAName", R"({"process": {"env": ["PATH=/bin", "A=1", "B=2", "A=3"]}})",
             "env | grep -c '^A='; echo $A $B", "1\n3 2"},
        Look{"Nice", R"({"process": {"scheduler": {"policy": "SCHED_BATCH", "nice": 5}}})",
             kScheduling, "25 5 3"},
        Look{"RoundRobin", R"({"process": {"scheduler": {"policy": "SCHED_RR", "priority": 9}}})",
             kScheduling, "-10 0 2"},
        Look{"RoundRobinOnlyHere",
             R"({"process": {"scheduler": {"policy": "SCHED_RR", "priority": 9,
                 "flags": ["SCHED_FLAG_RESET_ON_FORK"]}}})",
             "set -- $(cat /proc/$$/stat); echo ${18} ${19} ${41}", "-10 0 2"},
        Look{"InAUserNamespace",
             R"({"process": {"scheduler": {"policy": "SCHED_RR", "priority": 9}},
                 "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "user"},
                                          {"type": "uts"}, {"type": "network"}],
                           "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 65536}],
                           "gidMappings": [{"containerID": 0, "hostID": 1000, "size": 65536}]}})",
             kScheduling, "-10 0 2"},
        Look{"IoPriority",
             R"({"process": {"ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 6}}})",
             "busybox ionice -p $$", "best-effort: prio 6"},
        Look{"Personality", R"({"linux": {"personality": {"domain": "LINUX32"}}})",
             "busybox uname -m", "i686"},
        Look{"MemoryPolicy", R"({"linux": {"memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0"}}})",
             "busybox awk 'NR==1 {print $2}' /proc/self/numa_maps", "bind:0"},
        Look{"TimeOffsets",
             R"({"linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "time"},
                                          {"type": "uts"}],
                           "timeOffsets": {"boottime": {"secs": 864000000}}}})",
             "read up rest < /proc/uptime; test ${up%.*} -gt 864000000 && echo later", "later"},
        Look{"TimeOffsetsInAUserNamespace",
             R"({"linux": {"namespaces": [{"type": "mount"}, {"type": "user"}, {"type": "time"},
                                          {"type": "pid"}, {"type": "uts"}],
                           "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 65536}],
                           "gidMappings": [{"containerID": 0, "hostID": 1000, "size": 65536}],
                           "timeOffsets": {"boottime": {"secs": 864000000}}}})",
             "read up rest < /proc/uptime; test ${up%.*} -gt 864000000 && echo later", "later"}),
    [](const auto& look) { return std::string(look.param.name); });

}  // namespace
}  // namespace berth::runtime
