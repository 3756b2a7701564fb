// A config.json as `runc spec` writes it, from the file to the program's exit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

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

}  // namespace
}  // namespace berth::runtime
