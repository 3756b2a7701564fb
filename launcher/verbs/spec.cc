// What runc's `spec` writes: tools and tests change single values of it.
#include "launcher/verbs/spec.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"

namespace berth::launcher {
namespace {

using nlohmann::ordered_json;

constexpr const char* kConfig = R"({
  "ociVersion": "1.2.0",
  "process": {
    "terminal": true,
    "user": {"uid": 0, "gid": 0},
    "args": ["sh"],
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
     "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
    {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
     "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
    {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
     "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/sys", "type": "sysfs", "source": "sysfs",
     "options": ["nosuid", "noexec", "nodev", "ro"]},
    {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
     "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]}
  ],
  "linux": {
    "resources": {"devices": [{"allow": false, "access": "rwm"}]},
    "namespaces": [{"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"},
                   {"type": "mount"}],
    "maskedPaths": ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys",
                    "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
                    "/proc/sched_debug", "/sys/firmware", "/proc/scsi"],
    "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
  }
})";

// A user has neither the host's sysfs to mount, nor a second id, nor a network of his own that
// leads anywhere, nor a cgroup to limit.
void make_rootless(ordered_json& config, uid_t uid, gid_t gid) {
  ordered_json& wanted = config["linux"];
  ordered_json namespaces = ordered_json::array();
  for (const ordered_json& one : wanted["namespaces"]) {
    if (one["type"] != "network") namespaces.push_back(one);
  }
  namespaces.push_back({{"type", "user"}});
  wanted["namespaces"] = namespaces;
  const auto own = [](uint32_t id) {
    return ordered_json{{{"containerID", 0}, {"hostID", id}, {"size", 1}}};
  };
  wanted["uidMappings"] = own(uid);
  wanted["gidMappings"] = own(gid);
  wanted.erase("resources");
  for (ordered_json& mount : config["mounts"]) {
    if (mount["destination"] == "/sys") {
      mount["type"] = "none";
      mount["source"] = "/sys";
      mount["options"] = {"rbind", "nosuid", "noexec", "nodev", "ro"};
    } else if (mount["destination"] == "/dev/pts") {
      mount["options"].erase(mount["options"].size() - 1);  // gid=5
    }
  }
}

bool has_v2_alone() {
  struct statfs fs {};
  return ::statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

}  // namespace

std::string default_config(const SpecFor& whom) {
  ordered_json config = ordered_json::parse(kConfig);
  if (whom.cgroup_namespace) config["linux"]["namespaces"].push_back({{"type", "cgroup"}});
  if (whom.rootless) make_rootless(config, whom.uid, whom.gid);
  return config.dump(1, '\t') + "\n";
}

int write_spec(const RuntimeOptions&, const SpecOptions& options) {
  const UniqueFd bundle = open_dir(AT_FDCWD, options.bundle);
  const std::string name = options.file.empty() ? "config.json" : options.file;
  const int mode = options.file.empty() ? O_EXCL : O_TRUNC;
  const int fd = ::openat(bundle.get(), name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | mode, 0666);
  if (fd < 0 && errno == EEXIST) throw Error(name + " exists: remove it first");
  const UniqueFd file(check(fd, "make", name));
  write_all(file.get(),
            default_config({.rootless = options.rootless,
                            .uid = ::geteuid(),
                            .gid = ::getegid(),
                            .cgroup_namespace = has_v2_alone()}),
            name);
  return 0;
}

}  // namespace berth::launcher
