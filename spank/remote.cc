#include "spank/remote.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "base/step_times.h"
#include "launcher/environment.h"
#include "launcher/handoff.h"
#include "launcher/known_machine.h"
#include "launcher/step_namespace.h"
#include "runtime/cgroup/join.h"
#include "runtime/cgroup/node.h"
#include "spank/submit.h"
#include "topology/placement.h"

namespace berth::spank {
namespace {

namespace cgroup = runtime::cgroup;

// First message on a task's channel, read by task_init: this, or the line that says what failed.
constexpr std::string_view kGo = "go";

std::string claim_of(uint32_t job) {
  return "job_" + std::to_string(job);
}

// The job's cores as CPUs, where they agree with what the task may really run on; else the latter:
// the abstract list holds only where slurm.conf's geometry is the hardware's.
topology::CpuSet cpus_of_job(spank_t spank, const Step& step, pid_t task) {
  topology::CpuSet affinity = topology::CpuSet::of_task(task);
  topology::CpuSet cores;
  try {
    cores = topology::cpus_of_abstract_cores(*step.machine, allocated_cores(spank));
  } catch (const Error&) {
    return affinity;  // more cores in slurm.conf than in the machine
  }
  const bool agree =
      !cores.empty() && (affinity.is_subset_of(cores) || cores.is_subset_of(affinity));
  return agree ? cores : affinity;
}

bool in_slurms_cgroup(const Step& step, pid_t task) {
  const std::string groups = read_file(AT_FDCWD, "/proc/" + std::to_string(task) + "/cgroup");
  const std::string mark = "/job_" + std::to_string(step.job) + "/";
  for (const char* controller : {"", "memory", "cpuset"}) {
    const auto path = cgroup::path_of_process(groups, controller);
    if (path && (*path + "/").find("slurm") != std::string::npos &&
        (*path + "/").find(mark) != std::string::npos) {
      return true;
    }
  }
  return false;
}

launcher::Handoff describe_task(spank_t spank, const Step& step) {
  launcher::Handoff handoff;
  handoff.container_id =
      step.request.claim + "." + step_name(step.step) + "." + std::to_string(global_task_id(spank));
  handoff.bundle = step.request.bundle;
  handoff.command = command(spank).copy();
  if (is_batch_step(step.step) && !handoff.command.empty()) {
    handoff.batch_script = handoff.command.front();
  }
  handoff.exported = launcher::exported_names(job_environment(spank, kExportVariable).value_or(""));
  handoff.chdir = job_environment(spank, kChdirVariable).value_or("");
  handoff.binds = step.policy.binds;
  handoff.host_namespaces = step.policy.host_namespaces;
  handoff.task_memory = step.prepared->plan.task.memory_bytes;
  handoff.task_pids = step.prepared->plan.task.pids;
  return handoff;
}

void send_join(int socket, const runtime::CgroupJoin& join) {
  std::vector<int> fds;
  for (const UniqueFd& fd : join.v1_tasks) fds.push_back(fd.get());
  if (join.v2_procs) fds.push_back(join.v2_procs.get());
  send_message(socket, std::string(kGo) + (join.v2_procs ? "2" : "1"), fds);
}

runtime::CgroupJoin receive_join(int socket) {
  // It was sent before the parent let this task go on: what is not there now never comes.
  pollfd ready{socket, POLLIN, 0};
  if (::poll(&ready, 1, 0) != 1) throw Error("no word from slurmstepd about this task");
  Message message = receive_message(socket);
  if (!std::string_view(message.bytes).starts_with(kGo)) throw Error(message.bytes);
  runtime::CgroupJoin join;
  if (message.bytes.back() == '2' && !message.fds.empty()) {
    join.v2_procs = std::move(message.fds.back());
    message.fds.pop_back();
  }
  join.v1_tasks = std::move(message.fds);
  return join;
}

// Only what the policy's rules look at is asked for.
launcher::Asker asker_of(spank_t spank, const Step& step) {
  launcher::Asker asker;
  asker.uid = job_uid(spank);
  if (step.request.rdt.empty() || step.policy.rdt.rules.empty()) return asker;
  asker.user = launcher::user_name(asker.uid);
  const bool looks = std::ranges::any_of(step.policy.rdt.rules, [](const auto& rule) {
    return !rule.accounts.empty() || !rule.partitions.empty();
  });
  if (looks) {
    JobRecord record = job_record(step.job);
    asker.account = std::move(record.account);
    asker.partition = std::move(record.partition);
  }
  return asker;
}

void prepare_step(spank_t spank, Step& step, pid_t task) {
  const bool slurms = in_slurms_cgroup(step, task);
  if (slurms && step.policy.cgroup == launcher::CgroupMode::own) {
    throw Error("policy cgroup: 'own' is impossible here: Slurm tracks the task in its own cgroup");
  }
  if (!slurms && step.policy.cgroup == launcher::CgroupMode::slurm) {
    throw Error("policy cgroup: 'slurm' is impossible here: Slurm made no cgroup for the task");
  }
  step.request.asker = asker_of(spank, step);
  step.prepared =
      launcher::prepare(*step.roots, *step.machine, step.policy, step.request,
                        cpus_of_job(spank, step, task), step.use, launcher::Holder::self(), slurms);
  for (const std::string& warning : step.prepared->plan.warnings) {
    slurm_error("berth: %s", warning.c_str());
  }
}

void release_task(spank_t spank, Step& step, TaskChannel& channel) {
  const pid_t task = task_pid(spank);
  if (!step.prepared) prepare_step(spank, step, task);
  if (step.prepared->open_place && !step.prepared->open_place->add(task)) {
    throw Error("task " + std::to_string(task) + " ended before it could join its cache group");
  }
  runtime::CgroupJoin join;
  if (step.prepared->plan.own_cgroup) {
    channel.cgroup =
        cgroup::Node::create(step.roots->hierarchy,
                             launcher::cgroup_path(step.request.claim) + "/step_" + step.use +
                                 "/task_" + std::to_string(local_task_id(spank)),
                             {});
    join = channel.cgroup->join();
  }
  send_join(channel.sockets.first.get(), join);
  if (step.request.bundle.empty()) return;
  launcher::Handoff handoff = describe_task(spank, step);
  if (step.policy.cgroup != launcher::CgroupMode::off) {
    const runtime::cgroup::Limits& ceilings = step.prepared->plan.task;
    handoff.limits = channel.cgroup ? launcher::open_limits(*channel.cgroup, ceilings)
                                    : launcher::open_limits(step.roots->hierarchy, task, ceilings);
  }
  if (step.user_namespace) {
    handoff.user_namespace = duplicate(step.user_namespace->fd.get());
    handoff.inside_uid = step.user_namespace->uid;
    handoff.inside_gid = step.user_namespace->gid;
  }
  launcher::send_handoff(channel.sockets.first.get(), handoff);
}

// The user's process reads the bundle while slurmstepd goes on.
void request_user_namespace(spank_t spank, Step& step) {
  // Root's own jobs keep root's rights: a namespace would only take them away.
  if (step.request.bundle.empty() || job_uid(spank) == 0) return;
  // PMIx's native security compares the ids that a rank has inside with those that the server sees.
  const std::string mpi = job_environment(spank, "SLURM_MPI_TYPE").value_or("");
  step.namespace_request.emplace(launcher::StepNamespaceRequest::start(
      step.settings.launcher, step.request.bundle,
      {job_uid(spank), job_gid(spank), supplementary_gids(spank)}, mpi.starts_with("pmix")));
}

// slurmstepd has threads, and then each doubling of its table of descriptors waits for an RCU grace
// period (fs/file.c, expand_fdtable), 10 ms and more: one wait for what all tasks will take, ours
// and Slurm's own pipes, and not one for 64, 128, 256, ... Where the limit is lower nothing is
// lost.
void make_room_for_descriptors(size_t tasks) {
  constexpr size_t kOfATask = 8, kOfTheStep = 24, kThereAnyway = 64;
  const size_t wanted = kOfTheStep + tasks * kOfATask;
  if (wanted <= kThereAnyway) return;
  const UniqueFd any = open_dir(AT_FDCWD, "/");
  UniqueFd(::fcntl(any.get(), F_DUPFD_CLOEXEC, static_cast<int>(wanted))).reset();
}

}  // namespace

void begin_step(spank_t spank, Step& step, int argc, char** argv) {
  const std::string bundle = job_environment(spank, kBundleVariable).value_or("");
  step.step = step_id(spank);
  const std::string container = job_environment(spank, kContainerVariable).value_or("");
  const bool nothing = bundle.empty() && container.empty() && !any(step.options.rdt);
  if (nothing || is_extern_step(step.step)) return;
  step.asked = true;
  if (bundle.empty() && !container.empty()) {
    throw Error("--container=" + container +
                ": berth's plugin did not run where the step was submitted; is it in the "
                "plugstack.conf there?");
  }
  step.settings = parse_settings(argc, argv);
  step.job = job_id(spank);
  step.use = step_name(step.step) + "_node_" + std::to_string(node_id(spank));
  step.request.claim = claim_of(step.job);
  step.request.purpose = "job " + std::to_string(step.job);
  step.request.node = node_name();
  step.request.bundle = bundle;
  step.request.rdt = launcher::parse_rdt_options(step.options.rdt);
  step.request.part = step_name(step.step);
  if (const uint64_t mib = allocated_memory_mib(spank); mib > 0) {
    step.request.job_memory = static_cast<int64_t>(mib << 20);
  }
  step.policy = launcher::load_policy(step.settings.policy_file, step.settings.policy_required);
  request_user_namespace(spank, step);
  step.roots = launcher::Roots::open();
  step.machine = launcher::known_machine();
  make_room_for_descriptors(local_task_count(spank));
  for (uint32_t i = local_task_count(spank); i > 0; --i) {
    step.tasks.push_back({socket_pair(), std::nullopt});
  }
}

void take_user_namespace(Step& step) {
  if (!step.namespace_request) return;
  step.user_namespace = step.namespace_request->answer();
  step.namespace_request.reset();
  if (!step.request.rdt.empty() || !any(step.user_namespace->rdt)) return;
  step.request.rdt = launcher::parse_rdt_options(step.user_namespace->rdt);
  step.request.rdt_is_a_wish = true;
}

void start_task(spank_t spank, Step& step) {
  if (!step.asked) return;
  TaskChannel& channel = step.tasks.at(static_cast<size_t>(local_task_id(spank)));
  try {
    if (!step.error.empty()) throw Error(step.error);
    release_task(spank, step, channel);
  } catch (const std::exception& e) {
    step.error = e.what();
    send_message(channel.sockets.first.get(), e.what());
  }
}

void hand_over(spank_t spank, Step& step) {
  if (!step.asked) return;
  if (!step.error.empty()) throw Error(step.error);
  const UniqueFd& socket = step.tasks.at(static_cast<size_t>(local_task_id(spank))).sockets.second;
  const runtime::CgroupJoin join = receive_join(socket.get());
  runtime::join_self(join);
  if (step.request.bundle.empty()) return;
  const Command live = command(spank);
  if (live.count < 1) throw Error("no command to run");
  set_inheritable(socket.get(), true);
  set_job_environment(spank, launcher::kHandoffVariable, std::to_string(socket.get()));
  if (step.settings.trace_time) {
    set_job_environment(spank, launcher::kTraceTimeVariable,
                        std::to_string(monotonic_nanoseconds()));
  }
  live.words[0] = ::strdup(step.settings.launcher.c_str());
}

void report_oom(spank_t spank, const Step& step, const TaskChannel& channel) {
  const uint64_t kills = channel.cgroup ? channel.cgroup->oom_kills() : 0;
  if (kills == 0) return;
  slurm_error("berth: task %u of job %u: out of memory: killed %llu process(es), limit %lld MiB",
              global_task_id(spank), step.job, static_cast<unsigned long long>(kills),
              static_cast<long long>(step.request.job_memory.value_or(0) >> 20));
  // srun stops reading as soon as it hears that the task was killed, by another connection than
  // the one this line takes.
  ::usleep(100'000);
}

void end_task(spank_t spank, Step& step) {
  if (!step.asked) return;
  report_oom(spank, step, step.tasks.at(static_cast<size_t>(local_task_id(spank))));
  if (!step.prepared || !step.prepared->meter) return;
  if (++step.ended_tasks < step.tasks.size()) {
    step.prepared->meter->sample();
    return;
  }
  // The last of them: later hooks have no way to the user any more.
  std::string who = step.request.purpose + " step " + step_name(step.step);
  if (node_count(spank) > 1) who += " on " + step.request.node;
  const auto line = launcher::report(*step.prepared, step.policy, step.request, who);
  if (line) slurm_spank_log("berth: %s", line->c_str());
}

void end_step(Step& step) {
  if (!step.roots || !step.prepared) return;
  const rdt::Place part = step.prepared->place.value_or(rdt::Place());
  step.prepared.reset();
  if (part.monitor.find('.') != std::string::npos) rdt::remove_part(*step.roots->resctrl, part);
  launcher::release(*step.roots, step.request.claim, step.use);
}

void end_job(spank_t spank) {
  if (!launcher::Claims::open_if_exists()) return;  // nobody ever asked on this node
  launcher::release_all(launcher::Roots::open(), claim_of(job_id(spank)));
}

void reap_dead_jobs() {
  if (!launcher::Claims::open_if_exists()) return;
  for (const std::string& line : launcher::reap(launcher::Roots::open())) {
    slurm_info("berth: %s", line.c_str());
  }
}

}  // namespace berth::spank
