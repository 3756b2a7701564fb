// What the root side gives to the launcher of one task: a sealed plan and descriptors, by one
// message on a socket. The launcher runs as the user; it trusts this as much as the user trusts
// root.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/fd.h"
#include "launcher/policy.h"
#include "runtime/cgroup/late_limits.h"

namespace berth::launcher {

// Set in a task's environment: the number of the socket on which its launcher finds the handoff.
inline constexpr const char* kHandoffVariable = "SLURM_BERTH_HANDOFF";

// Set where the plugin was told to trace times: the moment of its last hook before the launcher
// (CLOCK_MONOTONIC, nanoseconds). The launcher's steps are told on standard error then.
inline constexpr const char* kTraceTimeVariable = "SLURM_BERTH_TRACE_TIME";

struct Handoff {
  std::string container_id;  // `job_12.0.3`
  std::string bundle;        // absolute
  // What srun was given; empty where it was given none: the bundle's process.args run then.
  std::vector<std::string> command;
  std::set<std::string> exported;  // names set by --export=NAME=value
  std::string chdir;         // --chdir, absolute: must exist inside; empty where it was not given
  std::string batch_script;  // shown in the container under its own path; empty for none
  std::vector<PolicyBind> binds;
  std::vector<std::string> host_namespaces;       // left out of the bundle's (policy)
  std::optional<int64_t> task_memory, task_pids;  // ceilings
  // Open control files of the task's cgroup, values not yet final: the bundle may tighten them.
  std::vector<runtime::LateLimit> limits;
  UniqueFd user_namespace;                  // of the step; none for root's own jobs
  uint32_t inside_uid = 0, inside_gid = 0;  // what the job's user is in that namespace
};

void send_handoff(int socket, const Handoff& handoff);
// Throws Error where the message is not a handoff of this version.
Handoff receive_handoff(int socket);

}  // namespace berth::launcher
