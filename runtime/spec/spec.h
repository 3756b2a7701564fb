// config.json as typed values: the parts of runtime-spec 1.2 (and Linux 1.3) that berth acts on.
// Names follow the specification; optional means "absent in the file".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace berth::runtime::spec {

struct IdMapping {
  uint32_t container_id = 0, host_id = 0, size = 0;
  bool operator==(const IdMapping&) const = default;
};

struct User {
  uint32_t uid = 0, gid = 0;
  std::optional<uint32_t> umask;
  std::vector<uint32_t> additional_gids;
};

// Names as in the file, `CAP_CHOWN`.
struct Capabilities {
  std::vector<std::string> bounding, effective, inheritable, permitted, ambient;
};

struct Rlimit {
  int resource = 0;  // RLIMIT_*
  std::string type;  // `RLIMIT_NOFILE`
  uint64_t soft = 0, hard = 0;
};

struct ConsoleSize {
  uint16_t height = 0, width = 0;  // in characters
  bool operator==(const ConsoleSize&) const = default;
};

// sched_setattr(2); the numbers are the kernel's.
struct Scheduler {
  uint32_t policy = 0;  // SCHED_*
  std::string name;     // `SCHED_FIFO`
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t flags = 0;                              // SCHED_FLAG_*
  uint64_t runtime = 0, deadline = 0, period = 0;  // nanoseconds
};

// ioprio_set(2). Not from linux/ioprio.h: that of Linux 6.1.192, Debian 12's, is no C++.
enum class IoClass { realtime = 1, best_effort = 2, idle = 3 };

struct IoPriority {
  IoClass io_class = IoClass::best_effort;
  int priority = 0;
};

// CPUs by number; absent: left as they are.
struct CpuAffinity {
  std::optional<std::vector<unsigned>> initial, final;
};

struct Process {
  bool terminal = false;
  std::optional<ConsoleSize> console_size;
  User user;
  std::vector<std::string> args, env;
  std::string cwd = "/";
  std::optional<Capabilities> capabilities;
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = false;
  std::optional<int> oom_score_adj;
  std::optional<Scheduler> scheduler;
  std::optional<IoPriority> io_priority;
  CpuAffinity exec_cpu_affinity;                // of processes that join the container
  std::string apparmor_profile, selinux_label;  // from execve on; empty: what the parent has
};

struct Root {
  std::string path;  // relative to the bundle or absolute
  bool readonly = false;
};

struct Mount {
  std::string destination, type, source;
  std::vector<std::string> options;
  std::vector<IdMapping> uid_mappings = {}, gid_mappings = {};  // both or none
};

enum class NamespaceType { mount, pid, network, ipc, uts, user, cgroup, time };
struct Namespace {
  NamespaceType type = NamespaceType::mount;
  std::string path;  // empty: a new one
};

struct Device {
  std::string path;
  char type = 'c';  // c, b, u, p
  int64_t major = 0, minor = 0;
  std::optional<uint32_t> file_mode, uid, gid;
};

// One line of the device allow list, in the file's order.
struct DeviceRule {
  bool allow = false;
  char type = 'a';                      // a, c, b
  std::optional<int64_t> major, minor;  // absent: any
  std::string access;                   // of r, w, m
};

struct BlockIo {
  struct Weight {
    int64_t major = 0, minor = 0;
    std::optional<uint16_t> weight, leaf_weight;
  };
  struct Throttle {
    int64_t major = 0, minor = 0;
    uint64_t rate = 0;  // bytes or operations a second
  };
  std::optional<uint16_t> weight, leaf_weight;
  std::vector<Weight> weight_device;
  std::vector<Throttle> read_bps, write_bps, read_iops, write_iops;
};

struct HugepageLimit {
  std::string page_size;  // `2MB`
  uint64_t limit = 0;     // bytes
};

struct NetworkPriority {
  std::string interface;
  uint32_t priority = 0;
};

struct RdmaLimit {
  std::optional<uint32_t> hca_handles, hca_objects;
};

struct Resources {
  std::vector<DeviceRule> devices;
  std::optional<int64_t> memory_limit, memory_swap, memory_reservation;  // bytes, -1: unlimited
  std::optional<int64_t> memory_kernel_tcp;                              // v1 alone has it
  std::optional<uint64_t> memory_swappiness;
  bool memory_disable_oom_killer = false;
  bool memory_check_before_update = false;  // a limit below what is in use is refused, not enforced
  std::optional<int64_t> pids_limit;        // -1: unlimited
  // 0 is as absent for shares, quota and period; a negative quota is unlimited.
  std::optional<uint64_t> cpu_shares, cpu_period, cpu_burst, cpu_realtime_period;
  std::optional<int64_t> cpu_quota, cpu_realtime_runtime;
  std::optional<bool> cpu_idle;
  std::string cpus, mems;
  BlockIo block_io;
  std::vector<HugepageLimit> hugepage_limits;
  std::optional<uint32_t> network_class_id;
  std::vector<NetworkPriority> network_priorities;
  std::map<std::string, RdmaLimit> rdma;  // by device
  std::map<std::string, std::string> unified;
};

// linux.seccomp; names are checked by the parser, numbers are libseccomp's business.
struct SeccompArg {
  unsigned index = 0;
  uint64_t value = 0, value_two = 0;
  std::string op;
};
struct SeccompRule {
  std::vector<std::string> names;
  std::string action;
  std::optional<uint32_t> errno_ret;
  std::vector<SeccompArg> args;
};
struct Seccomp {
  std::string default_action;
  std::optional<uint32_t> default_errno_ret;
  std::vector<std::string> architectures, flags;
  std::vector<SeccompRule> syscalls;
  // Where SCMP_ACT_NOTIFY sends the calls to: an absolute path, or `@` and an abstract name.
  std::string listener_path;
  std::string listener_metadata;  // for the agent there
};

struct Hook {
  std::string path;  // absolute, on the host or, for start_container, in the container
  std::vector<std::string> args, env;
  std::optional<int> timeout;  // seconds
};
struct Hooks {
  std::vector<Hook> prestart, create_runtime, create_container, start_container, poststart,
      poststop;
};

// set_mempolicy(2)
struct MemoryPolicy {
  int mode = 0;      // MPOL_* with MPOL_F_* flags
  std::string name;  // `MPOL_BIND`
  std::vector<unsigned> nodes;
};

// A clock's distance from the host's, in a time namespace.
struct TimeOffset {
  std::string clock;  // `monotonic`, `boottime`
  int64_t seconds = 0;
  uint32_t nanoseconds = 0;
  bool operator==(const TimeOffset&) const = default;
};

// linux.netDevices: an interface of the runtime's network namespace that becomes the container's.
struct NetDevice {
  std::string host_name;
  std::string name;  // in the container; empty: the host's; `eth%d`: the first that is free

  const std::string& container_name() const { return name.empty() ? host_name : name; }
  bool operator==(const NetDevice&) const = default;
};

// linux.intelRdt: a resctrl group for the container's processes.
struct IntelRdt {
  std::string clos_id;             // of a group; `/`: the default one; empty: the container's own
  std::vector<std::string> lines;  // of a schemata file, as they are to be written
  bool enable_monitoring = false;
};

struct Linux {
  std::vector<Namespace> namespaces;
  std::vector<IdMapping> uid_mappings, gid_mappings;
  std::vector<Device> devices;
  std::vector<NetDevice> net_devices;
  std::string cgroups_path;
  Resources resources;
  std::optional<Seccomp> seccomp;
  std::optional<IntelRdt> intel_rdt;
  std::map<std::string, std::string> sysctl;
  std::vector<std::string> masked_paths, readonly_paths;
  std::string rootfs_propagation;
  std::optional<unsigned long> personality;  // personality(2)
  std::optional<MemoryPolicy> memory_policy;
  std::vector<TimeOffset> time_offsets;
  std::string mount_label;  // SELinux context of the file systems that are mounted
};

struct Spec {
  std::string oci_version;
  std::optional<Process> process;
  std::optional<Root> root;
  std::string hostname, domainname;
  std::vector<Mount> mounts;
  std::map<std::string, std::string> annotations;
  Hooks hooks;
  Linux linux_;  // `linux` is a macro of the compiler's
  // One line each about what is asked for and not done, which other runtimes do not refuse either.
  std::vector<std::string> warnings;

  bool has_namespace(NamespaceType type) const;
  const Namespace* find_namespace(NamespaceType type) const;
};

}  // namespace berth::runtime::spec
