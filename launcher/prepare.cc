#include "launcher/prepare.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "rdt/ledger_view.h"

namespace berth::launcher {
namespace {

namespace cgroup = runtime::cgroup;

constexpr const char* kTree = "berth";

// Until none is left, for at most a second: a task that forks while it is hunted needs more than
// one round.
void kill_tasks(const rdt::Group& group) {
  for (int round = 0; round < 100; ++round) {
    const std::vector<pid_t> tasks = group.tasks();
    if (tasks.empty()) return;
    for (const pid_t tid : tasks) ::kill(tid, SIGKILL);
    ::usleep(10'000);
  }
}

// Removes what the claim has; no use of it is left and the claims' lock is held.
void end_claim(const Roots& roots, const std::string& claim) {
  if (!cgroup::remove_if_idle(roots.hierarchy, cgroup_path(claim))) {
    cgroup::kill_all(roots.hierarchy, cgroup_path(claim));
    cgroup::remove(roots.hierarchy, cgroup_path(claim));
  }
  cgroup::prune(roots.hierarchy, kTree);
  if (roots.resctrl) rdt::give_back(*roots.resctrl, roots.claims.state_dir(), group_name(claim));
}

void carry_out(const Roots& roots, const Request& request, Prepared& prepared) {
  if (prepared.plan.l3) {
    auto outcome = rdt::take(*roots.resctrl, roots.claims.state_dir(), group_name(request.claim),
                             request.purpose, *prepared.plan.l3, prepared.plan.l3_floor);
    if (auto* refusal = std::get_if<rdt::Refusal>(&outcome)) {
      throw Error("--l3=" + rdt::to_string(*request.l3) + " refused: " + refusal->reason);
    }
    prepared.holding = std::get<rdt::Holding>(std::move(outcome));
  }
  if (roots.resctrl) prepared.group = roots.resctrl->find(group_name(request.claim));
  if (prepared.plan.own_cgroup) {
    (void)cgroup::Node::create(roots.hierarchy, cgroup_path(request.claim), prepared.plan.job);
  }
}

template <class Open>
std::vector<runtime::LateLimit> open_each(const cgroup::Limits& ceilings, const Open& open) {
  std::vector<runtime::LateLimit> opened;
  const auto open_one = [&](const cgroup::Limits& limits, bool wanted) {
    try {
      runtime::LateLimits late = open(limits);
      for (runtime::LateLimit& limit : late.limits) opened.push_back(std::move(limit));
    } catch (const Error&) {
      if (wanted) throw;
    }
  };
  cgroup::Limits memory, pids;
  memory.memory_bytes = ceilings.memory_bytes.value_or(-1);
  pids.pids = ceilings.pids.value_or(-1);
  open_one(memory, ceilings.memory_bytes.has_value());
  open_one(pids, ceilings.pids.has_value());
  return opened;
}

// Claims that have a cgroup tree of ours. Containers of `berth run` live there too and are not
// claims.
std::vector<std::string> claims_in_tree(const cgroup::Hierarchy& hierarchy) {
  std::vector<std::string> names = cgroup::children(hierarchy, kTree);
  std::erase_if(names, [](const std::string& name) {
    return !name.starts_with("job_") && !name.starts_with("launch_");
  });
  return names;
}

}  // namespace

Roots Roots::open(const std::string& state_dir) {
  return {rdt::Resctrl::open(), cgroup::detect(), Claims::open(state_dir)};
}

std::string group_name(const std::string& claim) {
  return std::string(rdt::kGroupPrefix) + claim;
}

std::string cgroup_path(const std::string& claim) {
  return std::string(kTree) + "/" + claim;
}

std::optional<RdtFacts> read_rdt_facts(const Roots& roots, const std::string& claim) {
  if (!roots.resctrl) return std::nullopt;
  const rdt::Ledger ledger = rdt::read_ledger(roots.claims.state_dir());
  RdtFacts facts;
  facts.capability = roots.resctrl->capability();
  facts.original =
      ledger.groups.empty() ? roots.resctrl->default_group().schemata() : ledger.original;
  facts.in_use = rdt::in_use(*roots.resctrl, ledger);
  std::erase_if(facts.in_use,
                [&](const rdt::InUse& group) { return group.name == group_name(claim); });
  return facts;
}

Prepared prepare(const Roots& roots, const topology::Machine& machine, const Policy& policy,
                 const Request& request, const topology::CpuSet& cpus, const std::string& use,
                 const Holder& holder, bool slurm_made_cgroup) {
  const auto lock = roots.claims.lock();
  auto planned = make_plan(machine, read_rdt_facts(roots, request.claim), policy, request, cpus,
                           slurm_made_cgroup);
  if (auto* refusal = std::get_if<rdt::Refusal>(&planned)) throw Error(refusal->reason);
  Prepared prepared{std::get<Plan>(std::move(planned)), {}, {}};
  roots.claims.add_use(request.claim, {use, holder, prepared.plan.placement.cpus.to_list()});
  try {
    carry_out(roots, request, prepared);
  } catch (...) {
    if (roots.claims.drop_use(request.claim, use)) end_claim(roots, request.claim);
    throw;
  }
  return prepared;
}

std::vector<runtime::LateLimit> open_limits(const cgroup::Node& node,
                                            const cgroup::Limits& ceilings) {
  return open_each(ceilings, [&](const cgroup::Limits& limits) { return node.late(limits); });
}

std::vector<runtime::LateLimit> open_limits(const cgroup::Hierarchy& hierarchy, pid_t task,
                                            const cgroup::Limits& ceilings) {
  return open_each(ceilings, [&](const cgroup::Limits& limits) {
    return cgroup::late_limits_of_process(hierarchy, task, limits);
  });
}

void release(const Roots& roots, const std::string& claim, const std::string& use) {
  const auto lock = roots.claims.lock();
  if (roots.claims.drop_use(claim, use)) end_claim(roots, claim);
}

void release_all(const Roots& roots, const std::string& claim) {
  const auto lock = roots.claims.lock();
  if (roots.resctrl) {
    if (const auto group = roots.resctrl->find(group_name(claim))) {
      kill_tasks(*group);
    }
  }
  end_claim(roots, claim);
  roots.claims.forget(claim);
}

std::vector<std::string> reap(const Roots& roots) {
  const auto lock = roots.claims.lock();
  std::vector<std::string> done;
  const std::vector<std::string> alive = roots.claims.alive();
  const auto dead = [&](const std::string& claim) {
    return !std::ranges::binary_search(alive, claim);
  };
  for (const std::string& claim : claims_in_tree(roots.hierarchy)) {
    if (!dead(claim)) continue;
    const size_t killed = cgroup::processes(roots.hierarchy, cgroup_path(claim)).size();
    cgroup::kill_all(roots.hierarchy, cgroup_path(claim));
    cgroup::remove(roots.hierarchy, cgroup_path(claim));
    done.push_back("removed cgroup '" + cgroup_path(claim) + "'" +
                   (killed > 0 ? " and killed " + std::to_string(killed) + " processes" : ""));
  }
  cgroup::prune(roots.hierarchy, kTree);
  if (roots.resctrl) {
    std::vector<std::string> groups;
    for (const std::string& claim : alive) groups.push_back(group_name(claim));
    for (std::string& line :
         rdt::reconcile(*roots.resctrl, roots.claims.state_dir(), groups, true)) {
      done.push_back(std::move(line));
    }
  }
  for (const std::string& claim : roots.claims.all()) {
    if (!dead(claim)) continue;
    roots.claims.forget(claim);
    done.push_back("forgot claim '" + claim + "'");
  }
  return done;
}

}  // namespace berth::launcher
