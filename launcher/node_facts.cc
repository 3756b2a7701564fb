#include "launcher/node_facts.h"

#include "rdt/ledger.h"
#include "rdt/observe.h"

namespace berth::launcher {

NodeFacts node_facts(const topology::Machine& machine, const Claims* claims,
                     const rdt::Resctrl* resctrl) {
  NodeFacts facts{machine, {}, {}, {}, {}};
  if (claims != nullptr) {
    for (const std::string& name : claims->all()) {
      facts.claims.push_back({name, claims->uses(name)});
    }
  }
  if (resctrl == nullptr) return facts;
  facts.capability = resctrl->capability();
  if (claims != nullptr) facts.layout = rdt::read_ledger(claims->state_dir(), *facts.capability);
  facts.kernel = rdt::observe(*resctrl, *facts.capability, facts.layout);
  return facts;
}

NodeFacts node_facts(const topology::Machine& machine) {
  const auto claims = Claims::open_if_exists();
  const auto resctrl = rdt::Resctrl::open();
  return node_facts(machine, claims ? &*claims : nullptr, resctrl ? &*resctrl : nullptr);
}

}  // namespace berth::launcher
