#include <unistd.h>

#include <cstdio>

#include "base/error.h"
#include "launcher/known_machine.h"
#include "launcher/prepare.h"
#include "launcher/verbs/verbs.h"
#include "launcher/verbs/wishes.h"
#include "rdt/ledger_view.h"

namespace berth::launcher {
namespace {

topology::Machine machine_of(const std::string& described) {
  if (described.empty()) return known_machine();
  return ::access(described.c_str(), R_OK) == 0 ? topology::Machine::from_xml(described)
                                                : topology::Machine::synthetic(described);
}

// A machine that is only described is taken for one whose L3s are all free, with the common 11
// ways.
RdtFacts imagined_rdt(const topology::Machine& machine) {
  RdtFacts facts;
  rdt::L3Capability l3;
  l3.full = rdt::WayMask::run(0, 11);
  l3.num_closids = 16;
  for (const topology::L3Domain& domain : machine.l3()) {
    if (!domain.cache_id) continue;
    l3.domains.push_back(*domain.cache_id);
    facts.original.resources["L3"][*domain.cache_id] = l3.full.bits();
  }
  facts.capability.l3 = std::move(l3);
  facts.capability.max_groups = 15;
  return facts;
}

std::optional<RdtFacts> facts_of_this_node() {
  auto resctrl = rdt::Resctrl::open();
  if (!resctrl) return std::nullopt;
  if (auto claims = Claims::open_if_exists()) {
    return read_rdt_facts({std::move(resctrl), {}, std::move(*claims)}, "");
  }
  RdtFacts facts;
  facts.capability = resctrl->capability();
  facts.original = resctrl->default_group().schemata();
  facts.in_use = rdt::in_use(*resctrl, {});
  return facts;
}

}  // namespace

int plan(const PlanOptions& options) {
  const Policy policy = load_policy(options.wish.policy, options.wish.policy_required);
  const Request request = to_request(options.wish);
  const topology::Machine machine = machine_of(options.machine);
  const auto facts = machine.is_this_system() ? facts_of_this_node() : imagined_rdt(machine);
  const auto outcome =
      make_plan(machine, facts, policy, request, to_cpus(options.wish, machine), false);
  if (const auto* refusal = std::get_if<rdt::Refusal>(&outcome)) throw Error(refusal->reason);
  const Plan& made = std::get<Plan>(outcome);
  std::fputs(
      (options.format == Format::json ? to_json(made, request) : to_text(made, request)).c_str(),
      stdout);
  return 0;
}

}  // namespace berth::launcher
