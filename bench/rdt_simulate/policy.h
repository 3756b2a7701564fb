// The ways of placing that are compared. The engine has best-fit and compaction; first-fit, what is
// simplest, is had from it by leaving it only the hole that first-fit would take.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "bench/rdt_simulate/node.h"
#include "rdt/allocate.h"

namespace berth::rdt_simulate {

struct Policy {
  std::string name;  // `best-fit`
  bool first_fit = false;
  rdt::Rules rules;
};

// In the order of the report.
std::vector<Policy> all_policies();

// What rdt::allocate() is called with for one wish.
struct Question {
  const rdt::Capability* capability = nullptr;
  std::vector<rdt::Foreign> foreign;
};

class Asking {
 public:
  Asking(const Node& node, Policy policy);
  // Of first-fit: all ways but the lowest ones that do count as somebody else's, where all of the
  // wish's domains have such ways.
  Question question(const rdt::Layout& layout, const rdt::Wish& wish) const;
  const rdt::Capability& capability() const { return capability_; }
  const Policy& policy() const { return policy_; }

 private:
  Policy policy_;
  rdt::Capability capability_, with_one_more_;  // a foreign group takes one of the groups
};

// Ways that the wish comes to below one L3.
unsigned ways_needed(const rdt::CacheCapability& cache, const rdt::Wish& wish,
                     const rdt::DomainShare& share, unsigned grantable);

// The same below all of the job's L3s.
unsigned ways_needed(const Node& node, const rdt::CacheCapability& cache, const rdt::Wish& wish);

enum class Reason { ways, fragmentation, groups };

// Why a wish was refused: in some domain too few ways are free; they are enough but not side by
// side; else there are no more groups. Throws Error where it is none of these.
Reason reason_of(const rdt::Capability& capability, const rdt::Layout& layout,
                 const rdt::Wish& wish, const rdt::Rules& rules);

}  // namespace berth::rdt_simulate
