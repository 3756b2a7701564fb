// The root side's acts for a claim: cache group, cgroup tree, opened control files; and their end.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "launcher/claims.h"
#include "launcher/plan.h"
#include "launcher/rdt_report.h"
#include "rdt/ledger.h"
#include "rdt/resctrl.h"
#include "runtime/cgroup/hierarchy.h"
#include "runtime/cgroup/node.h"

namespace berth::launcher {

// The kernel's trees that a plan is carried out in, opened once.
struct Roots {
  std::optional<rdt::Resctrl> resctrl;
  runtime::cgroup::Hierarchy hierarchy;
  Claims claims;
  static Roots open(const std::string& state_dir = kStateDir);
};

// What resctrl has now, for a dry run. Nothing where it is not mounted.
std::optional<RdtFacts> read_rdt_facts(const std::string& state_dir = kStateDir);

std::string cgroup_path(const std::string& claim);  // `berth/job_12`

struct Prepared {
  Plan plan;
  std::optional<rdt::Holding> holding;  // of what this request asked of the caches
  // Where the claim's tasks go, whoever of the claim asked for it; with a monitor group of this
  // use's own where there are enough.
  std::optional<rdt::Place> place;
  std::optional<rdt::OpenPlace> open_place;
  // Where this request asked for something itself.
  std::unique_ptr<RdtMeter> meter;
};

// Records the use, then carries the plan out: all of it or, on an error, nothing. Throws Error.
Prepared prepare(const Roots& roots, const topology::Machine& machine, const Policy& policy,
                 const Request& request, const topology::CpuSet& cpus, const std::string& use,
                 const Holder& holder, bool slurm_made_cgroup);

// Control files of a task's cgroup (memory, pids), open for the last act before execve; their
// values are not final. A controller that is not there is an Error only where `ceilings` wants it
// limited.
std::vector<runtime::LateLimit> open_limits(const runtime::cgroup::Node& node,
                                            const runtime::cgroup::Limits& ceilings);
// The same in the cgroup that Slurm made for process `task`.
std::vector<runtime::LateLimit> open_limits(const runtime::cgroup::Hierarchy& hierarchy, pid_t task,
                                            const runtime::cgroup::Limits& ceilings);

// What the use used, its counters read for the last time: the record is written where the policy
// wants one, the line returned where it wants that. Nothing where nothing was asked for or counted;
// never throws, for the use ends all the same.
std::optional<std::string> report(Prepared& prepared, const Policy& policy, const Request& request,
                                  const std::string& who) noexcept;

// Ends a use; with the last one the claim's processes (if any are left in berth's own cgroup tree),
// its tree and its cache group go, and the default group grows back.
void release(const Roots& roots, const std::string& claim, const std::string& use);
// Ends the claim whatever uses it has: for a job's epilog. Tasks in its group are killed.
void release_all(const Roots& roots, const std::string& claim);

// Ends every claim none of whose holders lives, and what bears our names without a claim. One line
// for each thing done.
std::vector<std::string> reap(const Roots& roots);

}  // namespace berth::launcher
