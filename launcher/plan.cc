#include "launcher/plan.h"

#include <fmt/format.h>

#include "launcher/rdt_wish.h"

namespace berth::launcher {
namespace {

std::string list_of(const std::vector<unsigned>& numbers) {
  topology::CpuSet set;
  for (unsigned n : numbers) set.insert(n);
  return set.to_list();
}

void plan_cgroup(const Policy& policy, const Request& request, bool slurm_made_cgroup, Plan& plan) {
  plan.own_cgroup = policy.cgroup == CgroupMode::own ||
                    (policy.cgroup == CgroupMode::automatic && !slurm_made_cgroup);
  plan.task.memory_bytes = request.task_memory;
  if (policy.task_memory &&
      (!plan.task.memory_bytes || *plan.task.memory_bytes > *policy.task_memory)) {
    plan.task.memory_bytes = policy.task_memory;
  }
  plan.task.pids = request.task_pids;
  if (policy.task_pids && (!plan.task.pids || *plan.task.pids > *policy.task_pids)) {
    plan.task.pids = policy.task_pids;
  }
  if (!plan.own_cgroup) return;
  plan.job.cpus = plan.placement.cpus.to_list();
  if (!plan.placement.numa_nodes.empty()) plan.job.mems = list_of(plan.placement.numa_nodes);
  plan.job.memory_bytes = request.job_memory;
  plan.job.pids = policy.job_pids;
}

}  // namespace

std::variant<Plan, rdt::Refusal> make_plan(const topology::Machine& machine,
                                           const std::optional<rdt::Capability>& rdt,
                                           const Policy& policy, const Request& request,
                                           const topology::CpuSet& cpus, bool slurm_made_cgroup) {
  Plan plan;
  plan.placement = topology::place(machine, cpus);
  plan.rules = policy.rdt.layout;
  plan_cgroup(policy, request, slurm_made_cgroup, plan);
  auto made =
      make_wish(rdt, policy.rdt, request.rdt, request.asker, plan.placement, request.rdt_is_a_wish);
  if (auto* refusal = std::get_if<rdt::Refusal>(&made)) {
    if (!request.rdt_is_a_wish) return std::move(*refusal);
    plan.warnings.push_back("the bundle's linux.intelRdt is left out: " + refusal->reason);
    return plan;
  }
  RdtWish& wish = std::get<RdtWish>(made);
  plan.wish = std::move(wish.wish);
  plan.warnings = std::move(wish.warnings);
  return plan;
}

std::variant<DryRun, rdt::Refusal> try_out(const RdtFacts& facts, const Plan& plan,
                                           const Request& request) {
  auto answer = rdt::allocate(facts.capability, facts.layout, facts.foreign, request.claim,
                              request.purpose, *plan.wish, plan.rules);
  if (auto* refusal = std::get_if<rdt::Refusal>(&answer)) {
    return rdt::Refusal{fmt::format("{} refused: {}", request.rdt.text(), refusal->reason)};
  }
  DryRun run{std::get<rdt::Grant>(std::move(answer)), {}};
  run.domains = rdt::granted(facts.capability, run.grant.layout, request.claim);
  return run;
}

}  // namespace berth::launcher
