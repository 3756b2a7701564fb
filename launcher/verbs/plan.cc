#include <unistd.h>

#include <cstdio>

#include "base/error.h"
#include "launcher/imagined_rdt.h"
#include "launcher/known_machine.h"
#include "launcher/node_facts.h"
#include "launcher/plan.h"
#include "launcher/verbs/verbs.h"
#include "launcher/verbs/wishes.h"
#include "launcher/what_if.h"

namespace berth::launcher {
namespace {

topology::Machine machine_of(const std::string& described) {
  if (described.empty()) return known_machine();
  return ::access(described.c_str(), R_OK) == 0 ? topology::Machine::from_xml(described)
                                                : topology::Machine::synthetic(described);
}

// The caches of a machine that is only described, or has its RDT imagined, are all free.
NodeFacts imagined_node(const topology::Machine& machine, const std::string& rdt) {
  NodeFacts node{machine, imagined_rdt(rdt, machine), {}, {}, {}};
  for (const rdt::Cache which : rdt::kCaches) {
    const auto& cache = node.capability->caches[which];
    if (!cache) continue;
    node.layout.original[which].assign(cache->domains.size(), {cache->full, cache->full});
  }
  node.kernel.default_group.masks = node.layout.original;
  return node;
}

NodeFacts node_of(const topology::Machine& machine, const PlanOptions& options) {
  const bool imagined = !machine.is_this_system() || !options.rdt.empty();
  return imagined ? imagined_node(machine, options.rdt) : node_facts(machine);
}

std::optional<RdtFacts> rdt_facts(const NodeFacts& node) {
  if (!node.capability) return std::nullopt;
  RdtFacts facts{*node.capability, node.layout, node.kernel.foreign};
  if (facts.layout.groups.empty()) facts.layout.original = node.kernel.default_group.masks;
  return facts;
}

int plan_steps(const NodeFacts& node, const Policy& policy, const PlanOptions& options) {
  if (any(options.wish.rdt) || !options.wish.cores.empty()) {
    throw Error("--what-if says it all: --cores, --l3 and the like do not go with it");
  }
  if (!node.capability) {
    throw Error("--what-if: no RDT on this node (resctrl is not mounted); --rdt imagines some");
  }
  std::vector<WhatIf> steps;
  for (const PlanOptions::Step& step : options.steps) {
    steps.push_back(step.release ? WhatIf{"release " + step.text, step.text, true, {}}
                                 : parse_what_if(step.text, steps.size() + 1));
  }
  const WhatIfResult result = try_steps(node, policy, steps);
  const bool json = options.format == Format::json;
  std::fputs((json ? to_json(steps, result) : to_text(steps, result)).c_str(), stdout);
  return result.refused() ? 1 : 0;
}

}  // namespace

int plan(const PlanOptions& options) {
  const Policy policy = load_policy(options.wish.policy, options.wish.policy_required);
  const topology::Machine machine = machine_of(options.machine);
  const NodeFacts node = node_of(machine, options);
  if (!options.steps.empty()) return plan_steps(node, policy, options);
  Request request = to_request(options.wish);
  request.claim = "plan";
  request.purpose = "this plan";
  request.asker.uid = ::getuid();
  if (!policy.rdt.rules.empty()) request.asker.user = user_name(::getuid());
  const auto facts = rdt_facts(node);
  const auto outcome = make_plan(machine, facts ? std::optional(facts->capability) : std::nullopt,
                                 policy, request, to_cpus(options.wish, machine), false);
  if (const auto* refusal = std::get_if<rdt::Refusal>(&outcome)) throw Error(refusal->reason);
  const Plan& made = std::get<Plan>(outcome);
  std::optional<DryRun> got;
  if (made.wish) {
    auto answer = try_out(*facts, made, request);
    if (const auto* refusal = std::get_if<rdt::Refusal>(&answer)) throw Error(refusal->reason);
    got = std::get<DryRun>(std::move(answer));
  }
  const bool json = options.format == Format::json;
  std::fputs((json ? to_json(made, request, got) : to_text(made, request, got)).c_str(), stdout);
  return 0;
}

}  // namespace berth::launcher
