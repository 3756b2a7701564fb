#include "launcher/task.h"

#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/step_times.h"
#include "base/trace.h"
#include "launcher/environment.h"
#include "runtime/container/spawn.h"
#include "runtime/process/descriptors.h"
#include "runtime/service/service.h"
#include "runtime/spec/parse.h"

namespace berth::launcher {
namespace {

using runtime::HostBind;
using runtime::LateLimit;

std::optional<std::string> value_of(const std::vector<std::string>& environment,
                                    std::string_view name) {
  for (const std::string& variable : environment) {
    if (variable.size() > name.size() && variable.starts_with(name) &&
        variable[name.size()] == '=') {
      return variable.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

// The smaller of two limits; absent or negative is unlimited.
std::optional<int64_t> tighter(std::optional<int64_t> a, std::optional<int64_t> b) {
  if (a && *a < 0) a.reset();
  if (b && *b < 0) b.reset();
  if (!a) return b;
  return b ? std::min(*a, *b) : a;
}

bool is_memory(const std::string& name) {
  return name.starts_with("memory.");
}

// The value for one control file, nothing where it is to be left alone.
std::optional<std::string> final_value(const LateLimit& limit, std::optional<int64_t> memory,
                                       std::optional<int64_t> pids) {
  if (limit.name == "pids.max") {
    return pids ? std::optional(std::to_string(*pids)) : std::nullopt;
  }
  if (!is_memory(limit.name) || !memory) return std::nullopt;
  // v2 counts swap apart (none is granted beyond memory), v1's memsw is the sum of both.
  if (limit.name == "memory.swap.max") return "0";
  return std::to_string(*memory);
}

void drop_namespaces(runtime::spec::Linux& linux_part, const std::vector<std::string>& names) {
  using runtime::spec::NamespaceType;
  const auto named = [&](NamespaceType type) {
    const auto is = [&](const char* name) { return std::ranges::find(names, name) != names.end(); };
    return (type == NamespaceType::network && is("network")) ||
           (type == NamespaceType::ipc && is("ipc")) || (type == NamespaceType::pid && is("pid")) ||
           (type == NamespaceType::uts && is("uts"));
  };
  std::erase_if(linux_part.namespaces,
                [&](const runtime::spec::Namespace& ns) { return named(ns.type); });
}

bool no_command(const std::vector<std::string>& command) {
  // srun of Slurm 22.05 insists on a word; an empty one stands for none.
  return command.empty() || (command.size() == 1 && command.front().empty());
}

void add_directory(std::vector<HostBind>& binds, std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (!path.starts_with('/')) return;
  for (const HostBind& bind : binds) {
    if (bind.source == path) return;
  }
  binds.push_back({path, path, /*readonly=*/false, /*optional=*/true});
}

}  // namespace

std::vector<HostBind> step_binds(const std::vector<std::string>& environment) {
  std::vector<HostBind> binds;
  if (const auto path = value_of(environment, "PMIX_SERVER_TMPDIR")) add_directory(binds, *path);
  // Slurm's mpi/pmix gives each step a directory of its own beside that one (pmixp_info.c), which
  // no variable names: <tmp>/spmix_appdir_UID_JOB.STEP.
  const std::string space = value_of(environment, "PMIX_NAMESPACE").value_or("");
  constexpr std::string_view kPrefix = "slurm.pmix.";
  if (space.starts_with(kPrefix) && space.find('/') == std::string::npos) {
    add_directory(binds, value_of(environment, "PMIX_SYSTEM_TMPDIR").value_or("/tmp") +
                             "/spmix_appdir_" + std::to_string(::getuid()) + "_" +
                             space.substr(kPrefix.size()));
  }
  const std::string security = value_of(environment, "PMIX_SECURITY_MODE").value_or("");
  if (security.find("munge") != std::string::npos) add_directory(binds, "/run/munge");
  return binds;
}

runtime::LateLimits final_limits(std::vector<LateLimit> handed,
                                 std::optional<int64_t> memory_ceiling,
                                 std::optional<int64_t> pids_ceiling,
                                 const runtime::spec::Resources& wished) {
  const auto has = [&](auto&& matches) { return std::ranges::any_of(handed, matches); };
  if (tighter(wished.memory_limit, {}) &&
      !has([](const LateLimit& l) { return is_memory(l.name); })) {
    throw Error(
        "config.json: linux.resources.memory.limit: this task has no memory cgroup to limit");
  }
  if (tighter(wished.pids_limit, {}) &&
      !has([](const LateLimit& l) { return l.name == "pids.max"; })) {
    throw Error("config.json: linux.resources.pids.limit: this task has no pids cgroup to limit");
  }
  const auto memory = tighter(memory_ceiling, wished.memory_limit);
  const auto pids = tighter(pids_ceiling, wished.pids_limit);
  runtime::LateLimits result;
  for (LateLimit& limit : handed) {
    const auto value = final_value(limit, memory, pids);
    if (!value) continue;
    limit.value = *value;
    result.limits.push_back(std::move(limit));
  }
  return result;
}

runtime::spec::Spec load_runnable_bundle(int bundle_dir, const std::string& bundle) {
  runtime::spec::Spec spec = runtime::spec::load_bundle(bundle_dir, bundle);
  if (!spec.process) throw Error("bundle '" + bundle + "': config.json: process: missing");
  // Not on a standard error that all tasks of a step share.
  for (const std::string& warning : spec.warnings) trace("warning: " + warning);
  if (spec.linux_.intel_rdt) {
    trace("config.json: linux.intelRdt: a job's tasks do not write it: it is a wish to the policy");
  }
  if (!spec.linux_.net_devices.empty()) {
    trace("config.json: linux.netDevices: a job's tasks move no interfaces");
  }
  return spec;
}

runtime::Entry make_entry(runtime::spec::Spec spec, UniqueFd bundle, Handoff handoff,
                          const TaskContext& context) {
  if (!spec.process) throw Error("config.json: process: missing");
  runtime::Entry entry;
  entry.id = handoff.container_id;
  runtime::spec::Process& process = *spec.process;
  process.terminal = false;  // Slurm owns the terminal: srun --pty
  if (!no_command(handoff.command)) process.args = handoff.command;
  entry.preferred_cwd = handoff.chdir.empty() ? context.cwd : handoff.chdir;
  entry.require_preferred_cwd = !handoff.chdir.empty();
  process.env = merge_environment(process.env, context.environment, handoff.exported);
  drop_namespaces(spec.linux_, handoff.host_namespaces);
  entry.limits = final_limits(std::move(handoff.limits), handoff.task_memory, handoff.task_pids,
                              spec.linux_.resources);
  // Devices, cgroupsPath and other resources need rights that a job's user does not have; the
  // plugin gave what the policy allows.
  spec.linux_.cgroups_path.clear();
  entry.fds = runtime::FdPolicy::from_environment(process.env, context.descriptors);
  for (const PolicyBind& bind : handoff.binds) {
    entry.binds.push_back({bind.source, bind.destination, bind.readonly, bind.optional});
  }
  // Ranks of one node share memory by files in /dev/shm; a tmpfs for each task would part them.
  if (!spec.has_namespace(runtime::spec::NamespaceType::ipc)) {
    add_directory(entry.binds, "/dev/shm");
  }
  for (HostBind& bind : step_binds(context.environment)) entry.binds.push_back(std::move(bind));
  if (!handoff.batch_script.empty()) {
    entry.binds.push_back({handoff.batch_script, handoff.batch_script, true, false});
  }
  if (handoff.user_namespace) {
    entry.user_namespace = std::move(handoff.user_namespace);
    process.user.uid = handoff.inside_uid;
    process.user.gid = handoff.inside_gid;
  }
  entry.bundle = std::move(bundle);
  entry.spec = std::move(spec);
  return entry;
}

void run_task(int socket, const TaskContext& context) {
  const UniqueFd channel(socket);
  Handoff handoff = receive_handoff(channel.get());
  step_done("handoff received");
  UniqueFd bundle = runtime::spec::open_bundle(handoff.bundle);
  if (runtime::service::has_service(bundle.get())) {
    throw Error("bundle '" + handoff.bundle +
                "': runtime.json: for root's berth run, create and launch: a job's tasks change "
                "nothing of the host");
  }
  runtime::spec::Spec spec = load_runnable_bundle(bundle.get(), handoff.bundle);
  step_done("configuration read");
  runtime::enter_or_stay(
      make_entry(std::move(spec), std::move(bundle), std::move(handoff), context));
}

}  // namespace berth::launcher
