// The node's caches and who holds what of them, as a value and as a picture. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "launcher/claims.h"
#include "launcher/plan.h"
#include "rdt/ledger.h"
#include "topology/machine.h"

namespace berth::launcher {

struct ClaimFacts {
  std::string name;
  std::vector<Use> uses;
};

struct NodeFacts {
  const topology::Machine& machine;
  std::optional<rdt::Capability> capability;  // absent: no resctrl
  rdt::Schemata default_group;                // as it is now
  std::vector<rdt::InUse> groups;             // every other one
  rdt::Ledger ledger;
  std::vector<ClaimFacts> claims;
};

// One block for each L3: a row for each holder, a column for each way, highest way first.
std::string draw(const NodeFacts& facts);
std::string to_json(const NodeFacts& facts);

}  // namespace berth::launcher
