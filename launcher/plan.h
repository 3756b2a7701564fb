// From facts, policy and a request to what will be done on this node. Pure: the same input gives
// the same plan, and a plan can be printed (`berth plan`) without doing any of it.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "launcher/policy.h"
#include "launcher/request.h"
#include "rdt/allocate.h"
#include "runtime/cgroup/node.h"
#include "topology/machine.h"
#include "topology/placement.h"

namespace berth::launcher {

// What resctrl on this node looks like now. Absent where it is not mounted.
struct RdtFacts {
  rdt::Capability capability;
  rdt::Layout layout;
  std::vector<rdt::Foreign> foreign;
};

struct Plan {
  topology::Placement placement;
  std::optional<rdt::Wish> wish;  // absent: not asked for, or not to be had and optional
  rdt::Rules rules;
  bool own_cgroup = false;       // berth makes `berth/CLAIM/...` itself
  runtime::cgroup::Limits job;   // in force before any task runs
  runtime::cgroup::Limits task;  // ceilings, applied last
  std::vector<std::string> warnings;
};

// `slurm_made_cgroup`: the task is already in a cgroup that Slurm made for it.
std::variant<Plan, rdt::Refusal> make_plan(const topology::Machine& machine,
                                           const std::optional<rdt::Capability>& rdt,
                                           const Policy& policy, const Request& request,
                                           const topology::CpuSet& cpus, bool slurm_made_cgroup);

// What the wish would get now, if there is one.
struct DryRun {
  rdt::Grant grant;
  std::vector<rdt::GrantedDomain> domains;
};
std::variant<DryRun, rdt::Refusal> try_out(const RdtFacts& facts, const Plan& plan,
                                           const Request& request);

std::string to_text(const Plan& plan, const Request& request, const std::optional<DryRun>& got);
std::string to_json(const Plan& plan, const Request& request, const std::optional<DryRun>& got);

}  // namespace berth::launcher
