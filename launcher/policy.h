// What the admin allows: /etc/berth/policy.json and policy.d/*.json in name order, merged by RFC
// 7396. The only place that reads them. Both must belong to root and be writable by nobody else.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launcher/rdt_policy.h"

namespace berth::launcher {

enum class CgroupMode { automatic, own, slurm, off };

struct PolicyBind {
  std::string source, destination;
  bool readonly = true;
  bool optional = true;
  bool operator==(const PolicyBind&) const = default;
};

struct Policy {
  RdtPolicy rdt;
  // cgroup: who makes the task's cgroup.
  CgroupMode cgroup = CgroupMode::automatic;
  // limits: ceilings below the job's own; bytes and processes.
  std::optional<int64_t> task_memory, task_pids, job_pids;
  // hostNamespaces: of a bundle's namespaces those that are left out for Slurm's tasks.
  std::vector<std::string> host_namespaces;
  // binds: shown in every container.
  std::vector<PolicyBind> binds;
  // runtimeJson: whether a bundle's runtime.json, which changes the host, is honoured for root.
  bool runtime_json = true;
  bool operator==(const Policy&) const = default;
};

inline constexpr const char* kDefaultPolicyFile = "/etc/berth/policy.json";

// The policy at `file` with the drop-ins beside it (`<file without .json>.d/*.json`). An absent
// file is the default policy; `required` makes its absence an error. Ownership is checked on the
// opened descriptors: `owner` is 0 but in tests.
Policy load_policy(const std::string& file, bool required, uid_t owner = 0);

// One text, for tests and for load_policy; `name` is what messages call it. Comments are allowed.
Policy parse_policy(std::string_view json, std::string_view name);

// The effective policy as policy.json would spell it.
std::string to_json(const Policy& policy);

// `512`, `64KiB`, `2MiB`, `4GiB`: bytes. Nothing where the text is anything else.
std::optional<int64_t> parse_bytes(std::string_view text);

}  // namespace berth::launcher
