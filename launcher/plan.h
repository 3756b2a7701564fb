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
#include "rdt/capability.h"
#include "rdt/ledger.h"
#include "runtime/cgroup/node.h"
#include "topology/machine.h"
#include "topology/placement.h"

namespace berth::launcher {

// What resctrl on this node looks like now. Absent where it is not mounted.
struct RdtFacts {
  rdt::Capability capability;
  rdt::Schemata original;  // the default group before any group of ours
  std::vector<rdt::InUse> in_use;
};

struct Plan {
  topology::Placement placement;
  std::optional<rdt::Wish> l3;  // absent: not asked for, or not to be had and policy says `warn`
  unsigned l3_floor = 1;
  std::optional<rdt::Grant> grant;  // what the wish would get now
  bool own_cgroup = false;          // berth makes `berth/CLAIM/...` itself
  runtime::cgroup::Limits job;      // in force before any task runs
  runtime::cgroup::Limits task;     // ceilings, applied last
  std::vector<std::string> warnings;
};

// `slurm_made_cgroup`: the task is already in a cgroup that Slurm made for it.
std::variant<Plan, rdt::Refusal> make_plan(const topology::Machine& machine,
                                           const std::optional<RdtFacts>& rdt, const Policy& policy,
                                           const Request& request, const topology::CpuSet& cpus,
                                           bool slurm_made_cgroup);

std::string to_text(const Plan& plan, const Request& request);
std::string to_json(const Plan& plan, const Request& request);

}  // namespace berth::launcher
