// A two-socket node without a kernel: a tree that looks like resctrl, a state directory, and claims
// with their groups in both.
#pragma once

#include <cstdint>
#include <string>

#include "launcher/cache_map.h"
#include "launcher/claims.h"
#include "rdt/resctrl.h"
#include "tests/support/resctrl_tree.h"
#include "topology/machine.h"

namespace berth::test {

class NodeOfClaims {
 public:
  explicit NodeOfClaims(rdt::ResctrlTree::Options options = {});

  const rdt::ResctrlTree& tree() const { return tree_; }
  const rdt::Resctrl& resctrl() const { return resctrl_; }
  const launcher::Claims& claims() const { return claims_; }
  const topology::Machine& machine() const { return machine_; }
  // Eight CPUs and 11 MiB of L3 each: 0-7 under cache 0, 8-15 under cache 1.
  launcher::NodeFacts facts() const;

  // What `--l3=AMOUNT` gets on these CPUs, in kernel and ledger, held by this process.
  void add_claim(const std::string& name, const std::string& cpus, const std::string& amount,
                 bool shared = false);
  // Makes the figures of a domain, such as `berth_1/mon_data/mon_L3_00`.
  void count(const std::string& domain, uint64_t occupancy, uint64_t total, uint64_t local) const;

 private:
  rdt::ResctrlTree tree_;
  rdt::Resctrl resctrl_;
  launcher::Claims claims_;
  topology::Machine machine_;
};

}  // namespace berth::test
