// The node's caches and who holds what of them, as a value and as a picture. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "launcher/claims.h"
#include "rdt/transition.h"
#include "topology/machine.h"

namespace berth::launcher {

struct ClaimFacts {
  std::string name;
  std::vector<Use> uses;
};

struct NodeFacts {
  const topology::Machine& machine;
  std::optional<rdt::Capability> capability;  // absent: no resctrl
  rdt::Layout layout;                         // as recorded
  rdt::KernelState kernel;                    // as it is
  std::vector<ClaimFacts> claims;
};

// Who has what of one cache.
struct Holding {
  std::string who;    // `job 12`, a foreign group's name, `default group`, `I/O devices`
  std::string group;  // resctrl's name of it; empty for the last two
  rdt::Masks masks;
  std::string note;                     // `4 ways, exclusive (asked --l3=4w), CPUs 0-3`
  const rdt::Member* member = nullptr;  // of a claim of ours
  rdt::Hold hold = rdt::Hold::none;
};
std::vector<Holding> holdings_in(const NodeFacts& facts, rdt::Cache cache, unsigned id,
                                 const topology::CpuSet& cpus);

// One block for each L3 (and each L2 of which somebody holds ways): a row for each holder, a column
// for each way, highest way first.
std::string draw(const NodeFacts& facts);
std::string to_json(const NodeFacts& facts);

}  // namespace berth::launcher
