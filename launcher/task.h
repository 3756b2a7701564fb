// The user's side of one task: from the handoff to the program in its container.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "launcher/handoff.h"
#include "runtime/cgroup/late_limits.h"
#include "runtime/container/enter.h"

namespace berth::launcher {

// What the launcher itself was started with.
struct TaskContext {
  std::vector<std::string> environment;
  std::string cwd;               // where Slurm left us: srun's directory or its --chdir
  std::vector<int> descriptors;  // open when the program started
};

// The spec of a bundle that has a process to run, from the bundle's directory. Throws Error that
// has `bundle`, its name.
runtime::spec::Spec load_runnable_bundle(int bundle_dir, const std::string& bundle);

// Spec, handoff and context as an Entry. `bundle` is the bundle's directory.
runtime::Entry make_entry(runtime::spec::Spec spec, UniqueFd bundle, Handoff handoff,
                          const TaskContext& context);

// The handed control files with their final values: the tighter of the policy's ceiling and the
// bundle's wish; files without a value are dropped. Throws Error where the bundle asks for a limit
// that no handed file can give.
runtime::LateLimits final_limits(std::vector<runtime::LateLimit> handed,
                                 std::optional<int64_t> memory_ceiling,
                                 std::optional<int64_t> pids_ceiling,
                                 const runtime::spec::Resources& wished);

// Directories and sockets of the host that a step's MPI needs, from the task's environment: PMIx's
// session directories, munge's socket where PMIx authenticates by it.
std::vector<runtime::HostBind> step_binds(const std::vector<std::string>& environment);

// Receives the handoff on `socket` and becomes the program. Returns only by throwing.
[[noreturn]] void run_task(int socket, const TaskContext& context);

}  // namespace berth::launcher
