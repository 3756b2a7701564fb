// What resctrl counts, and for whom.
#pragma once

#include <string>
#include <vector>

#include "rdt/layout.h"
#include "rdt/resctrl.h"

namespace berth::launcher {

// Figures of one group. A claim has a monitor group of its own and, where RMIDs last, one more for
// each of its steps (`job_12.0`); its figures are their sum.
struct Counter {
  std::string group;    // the control group
  std::string monitor;  // empty: all of the control group's
  std::vector<rdt::DomainFigures> domains;
};

enum class HolderKind {
  claim,
  foreign,  // another program's group
  rest,     // the default group: whoever is in no other
};

struct CountedHolder {
  HolderKind kind = HolderKind::rest;
  std::string name;     // `job_12`, a foreign group's; empty for the rest
  std::string purpose;  // for people: `job 12`, `default group`
  std::vector<Counter> counters;
};

// Claims as in the layout, foreign groups, the rest. What is removed meanwhile is left out; a claim
// without a monitor group has figures only where its control group is nobody else's.
std::vector<CountedHolder> read_counters(const rdt::Resctrl& resctrl, const rdt::Layout& layout);

// The claim that a monitor group counts: `job_12` of `job_12.0`.
std::string claim_of_monitor(const std::string& monitor);

}  // namespace berth::launcher
