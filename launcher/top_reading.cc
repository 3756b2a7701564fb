#include "launcher/top_reading.h"

#include "base/error.h"
#include "launcher/counters.h"
#include "launcher/node_facts.h"

namespace berth::launcher {

TopSample read_top(const topology::Machine& machine, const Claims* claims,
                   const rdt::Resctrl* resctrl) {
  if (resctrl == nullptr) {
    throw Error("no RDT on this node: resctrl is not mounted at /sys/fs/resctrl (berth doctor)");
  }
  const NodeFacts facts = node_facts(machine, claims, resctrl);
  if (!facts.capability->monitor) {
    throw Error(
        "this node's resctrl counts neither occupancy nor bandwidth: berth show has the ways, "
        "berth doctor the reason");
  }
  return top_sample(facts, read_counters(*resctrl, facts.layout));
}

}  // namespace berth::launcher
