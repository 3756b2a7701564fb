// The nodes whose days are simulated: what resctrl can divide there, and the cores beside it.
#pragma once

#include <string>
#include <vector>

#include "rdt/capability.h"
#include "tests/rdt/random_node.h"

namespace berth::rdt_simulate {

struct Node {
  std::string name;
  std::string about;  // one line for people
  rdt::Shape shape;
  unsigned cores_per_l3 = 0;
  // Ways of one L3 that jobs can ever have: those of I/O and the default group's floor are not.
  unsigned grantable = 0;

  rdt::Capability capability() const { return rdt::capability_of(shape); }
  unsigned cores() const { return cores_per_l3 * static_cast<unsigned>(shape.domains.size()); }
};

// In the order of the report.
std::vector<Node> all_nodes();

}  // namespace berth::rdt_simulate
