#include "runtime/container/exec.h"

#include <unistd.h>

#include <utility>

#include "base/error.h"
#include "base/shared_library.h"
#include "base/trace.h"
#include "runtime/cgroup/freezer.h"
#include "runtime/cgroup/hierarchy.h"
#include "runtime/container/cache_group.h"
#include "runtime/container/container.h"
#include "runtime/container/exec_cgroup.h"
#include "runtime/container/unit.h"
#include "runtime/process/cpu_affinity.h"
#include "runtime/process/user_namespace.h"

namespace berth::runtime {
namespace {

RunningContainer require_running(const StateFolder& folder, const Record& record) {
  auto container = running_container(record);
  if (container) return std::move(*container);
  const bool begins = status_of(folder, record) == Status::creating;
  throw Error(begins ? "the container is still being created"
                     : "cannot exec in a stopped container");
}

void refuse_paused(const Record& record, const cgroup::Hierarchy& hierarchy) {
  if (record.cgroup.empty() || !cgroup::is_frozen(hierarchy, record.cgroup)) return;
  throw Error("cannot exec in a paused container (--ignore-paused to exec all the same)");
}

}  // namespace

void be_ready_for_exec(const StateFolder& folder) {
  if (::geteuid() == 0 && process::in_initial_user_namespace()) return;
  const Record record = folder.record();
  if (record.unit.empty()) return;
  if (needs_attach(hierarchy_of(record), record)) want_shared_libraries();
}

Child exec(const StateFolder& folder, ExecRequest request) {
  const Record record = folder.record();
  Entry entry;
  CgroupJoin join;
  ParentSteps steps;
  try {
    const cgroup::Hierarchy hierarchy = hierarchy_of(record);
    entry.container = require_running(folder, record);
    if (!request.ignore_paused) refuse_paused(record, hierarchy);
    if (!request.spec.process) throw Error("there is nothing to run");
    entry.spec = std::move(request.spec);
    const pid_t first = entry.container->pid;
    if (needs_attach(hierarchy, record)) {
      const auto groups = groups_below_container(hierarchy, record.cgroup, request.cgroups, first);
      steps.moves = true;
      steps.place = [&record, groups](pid_t pid) { attach_to_unit(record, groups, pid); };
    } else {
      join = join_of_container(hierarchy, record.cgroup, request.cgroups, first);
    }
  } catch (const Error& e) {
    throw e.within("exec in container '" + record.id + "'");
  }
  const auto& affinity = entry.spec.process->exec_cpu_affinity;
  if (affinity.initial) {
    // Straight into the group the clone would be on the group's CPUs before anything is said.
    join.v2_dir.reset();
    if (tracing()) trace("nsexec: affinity: " + process::cpu_mask_text(*affinity.initial));
  }
  if (const auto& filter = entry.spec.linux_.seccomp; filter && !filter->listener_path.empty()) {
    entry.container->state = state_json(record, Status::running);
  }
  entry.all_cpus =
      !affinity.initial && !affinity.final && !process::in_slurm_job(entry.spec.process->env);
  entry.id = record.id;
  entry.fds = std::move(request.fds);
  entry.console = std::move(request.console);
  entry.relayed = request.relayed;
  entry.detached = request.detached;
  entry.signal_mask = request.signal_mask;
  entry.new_keyring = record.new_keyring;  // the container's own, by its name
  // Of root's containers alone, which need no attaching.
  if (record.cache_group) {
    steps.place = [&record](pid_t pid) { join_cache_group(*record.cache_group, pid); };
  }
  return spawn(std::move(entry), std::move(join), steps);
}

}  // namespace berth::runtime
