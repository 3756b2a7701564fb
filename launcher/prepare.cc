#include "launcher/prepare.h"

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "launcher/claim_processes.h"
#include "rdt/known_capability.h"
#include "rdt/observe.h"
#include "rdt/tasks.h"

namespace berth::launcher {
namespace {

namespace cgroup = runtime::cgroup;

constexpr const char* kTree = "berth";

rdt::Layout ledger_of(const Roots& roots) {
  if (!roots.resctrl) return {};
  const int state_dir = roots.claims.state_dir();
  return rdt::read_ledger(state_dir, rdt::known_capability(*roots.resctrl, state_dir));
}

// Removes what the claim has; no use of it is left and the claims' lock is held.
void end_claim(const Roots& roots, const std::string& claim) {
  if (!cgroup::remove_if_idle(roots.hierarchy, cgroup_path(claim))) {
    cgroup::kill_all(roots.hierarchy, cgroup_path(claim));
    cgroup::remove(roots.hierarchy, cgroup_path(claim));
  }
  cgroup::prune(roots.hierarchy, kTree);
  if (roots.resctrl) rdt::give_back(*roots.resctrl, roots.claims.state_dir(), claim);
}

void carry_out(const Roots& roots, const Request& request, Prepared& prepared) {
  if (prepared.plan.wish) {
    auto outcome = rdt::take(*roots.resctrl, roots.claims.state_dir(), request.claim,
                             request.purpose, *prepared.plan.wish, prepared.plan.rules);
    if (auto* refusal = std::get_if<rdt::Refusal>(&outcome)) {
      const std::string line = request.rdt.text() + " refused: " + refusal->reason;
      if (!request.rdt_is_a_wish) throw Error(line);
      prepared.plan.warnings.push_back("the bundle's linux.intelRdt is left out: " + line);
      prepared.place = rdt::place_of(ledger_of(roots), request.claim);
    } else {
      prepared.holding = std::get<rdt::Holding>(std::move(outcome));
      prepared.place = prepared.holding->place;
    }
  } else {
    prepared.place = rdt::place_of(ledger_of(roots), request.claim);
  }
  if (prepared.place) {
    if (!request.part.empty()) {
      if (auto part = rdt::make_part(*roots.resctrl, *prepared.place, request.part)) {
        prepared.place = std::move(part);
      }
    }
    prepared.open_place = rdt::open_place(*roots.resctrl, *prepared.place);
    if (prepared.holding) {
      // Opened again: the meter lives on where what is prepared has been moved to.
      prepared.meter = std::make_unique<RdtMeter>(rdt::open_place(*roots.resctrl, *prepared.place),
                                                  *prepared.holding, request.claim);
    }
  }
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

std::string cgroup_path(const std::string& claim) {
  return std::string(kTree) + "/" + claim;
}

std::optional<RdtFacts> read_rdt_facts(const std::string& state_dir) {
  const auto resctrl = rdt::Resctrl::open();
  if (!resctrl) return std::nullopt;
  RdtFacts facts;
  facts.capability = resctrl->capability();
  if (const auto claims = Claims::open_if_exists(state_dir)) {
    facts.layout = rdt::read_ledger(claims->state_dir(), facts.capability);
  }
  rdt::KernelState state = rdt::observe(*resctrl, facts.capability, facts.layout);
  if (facts.layout.groups.empty()) facts.layout.original = rdt::default_masks(state);
  facts.foreign = std::move(state.foreign);
  return facts;
}

Prepared prepare(const Roots& roots, const topology::Machine& machine, const Policy& policy,
                 const Request& request, const topology::CpuSet& cpus, const std::string& use,
                 const Holder& holder, bool slurm_made_cgroup) {
  const auto lock = roots.claims.lock();
  std::optional<rdt::Capability> capability;
  if (roots.resctrl && !request.rdt.empty()) {
    capability = rdt::known_capability(*roots.resctrl, roots.claims.state_dir());
  }
  auto planned = make_plan(machine, capability, policy, request, cpus, slurm_made_cgroup);
  if (auto* refusal = std::get_if<rdt::Refusal>(&planned)) throw Error(refusal->reason);
  Prepared prepared{std::get<Plan>(std::move(planned)), {}, {}, {}, {}};
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

std::optional<std::string> report(Prepared& prepared, const Policy& policy, const Request& request,
                                  const std::string& who) noexcept {
  if (!prepared.meter) return std::nullopt;
  try {
    prepared.meter->sample();
    RdtUse use = prepared.meter->use();
    prepared.meter.reset();
    use.claim = request.claim;
    use.part = request.part;
    use.who = who;
    use.asked = request.rdt.text();
    if (use.domains.empty()) return std::nullopt;
    if (!policy.rdt.record.empty()) {
      utsname names{};
      ::uname(&names);
      append_record(policy.rdt.record,
                    to_record(use, request.node.empty() ? names.nodename : request.node,
                              std::chrono::system_clock::now()));
    }
    if (policy.rdt.report == RdtPolicy::Report::off) return std::nullopt;
    return to_line(use);
  } catch (const std::exception& e) {
    return std::string("no report of the cache: ") + e.what();
  }
}

void release(const Roots& roots, const std::string& claim, const std::string& use) {
  const auto lock = roots.claims.lock();
  if (roots.claims.drop_use(claim, use)) end_claim(roots, claim);
}

void release_all(const Roots& roots, const std::string& claim) {
  const auto lock = roots.claims.lock();
  if (const auto place = rdt::own_place_of(ledger_of(roots), claim)) {
    rdt::kill_tasks(*roots.resctrl, *place);
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
    for (std::string& line :
         rdt::reconcile(*roots.resctrl, roots.claims.state_dir(), alive, true)) {
      done.push_back(std::move(line));
    }
    for (std::string& line : bring_back(roots, alive)) done.push_back(std::move(line));
  }
  for (const std::string& claim : roots.claims.all()) {
    if (!dead(claim)) continue;
    roots.claims.forget(claim);
    done.push_back("forgot claim '" + claim + "'");
  }
  return done;
}

}  // namespace berth::launcher
