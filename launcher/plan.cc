#include "launcher/plan.h"

#include <fmt/format.h>

namespace berth::launcher {
namespace {

using topology::PlacedDomain;

std::optional<rdt::Refusal> check_domains(const Plan& plan) {
  if (plan.placement.domains.empty()) {
    return rdt::Refusal{fmt::format("CPUs {} share no L3 cache", plan.placement.cpus.to_list())};
  }
  for (const PlacedDomain& placed : plan.placement.domains) {
    if (placed.domain.cache_id) continue;
    return rdt::Refusal{
        fmt::format("the L3 of CPUs {} has no cache id in sysfs: resctrl's name for it is unknown",
                    placed.domain.cpus.to_list())};
  }
  return std::nullopt;
}

// Why there is no cache to hand out, empty where there is.
std::string rdt_absence(const std::optional<RdtFacts>& rdt) {
  if (!rdt) return "no RDT on this node (resctrl is not mounted at /sys/fs/resctrl)";
  if (!rdt->capability.l3) {
    return rdt->capability.cdp ? "resctrl is mounted with cdp, which --l3 does not divide"
                               : "this node's RDT cannot partition L3";
  }
  return {};
}

std::optional<rdt::Refusal> plan_l3(const std::optional<RdtFacts>& rdt, const Policy& policy,
                                    const Request& request, Plan& plan) {
  const std::string asked = "--l3=" + rdt::to_string(*request.l3);
  if (const std::string absence = rdt_absence(rdt); !absence.empty()) {
    if (policy.l3_missing == WhenMissing::fail) {
      return rdt::Refusal{fmt::format("{} refused: {}", asked, absence)};
    }
    plan.warnings.push_back(fmt::format("{}: {} is ignored", absence, asked));
    return std::nullopt;
  }
  if (auto refusal = check_domains(plan)) {
    return rdt::Refusal{fmt::format("{} refused: {}", asked, refusal->reason)};
  }
  rdt::Wish wish{*request.l3, request.l3_shared, {}};
  for (const PlacedDomain& placed : plan.placement.domains) {
    wish.domains[*placed.domain.cache_id] = placed.domain.bytes;
  }
  auto outcome =
      rdt::allocate(rdt->capability, rdt->original, rdt->in_use, wish, policy.l3_floor_ways);
  if (auto* refusal = std::get_if<rdt::Refusal>(&outcome)) {
    return rdt::Refusal{fmt::format("{} refused: {}", asked, refusal->reason)};
  }
  plan.grant = std::get<rdt::Grant>(std::move(outcome));
  plan.l3 = std::move(wish);
  return std::nullopt;
}

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
                                           const std::optional<RdtFacts>& rdt, const Policy& policy,
                                           const Request& request, const topology::CpuSet& cpus,
                                           bool slurm_made_cgroup) {
  Plan plan;
  plan.placement = topology::place(machine, cpus);
  plan.l3_floor = policy.l3_floor_ways;
  plan_cgroup(policy, request, slurm_made_cgroup, plan);
  if (request.l3) {
    if (auto refusal = plan_l3(rdt, policy, request, plan)) return *refusal;
  }
  return plan;
}

}  // namespace berth::launcher
