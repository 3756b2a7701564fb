// Whether this node can give what the policy promises.
#include <fmt/format.h>

#include "launcher/doctor/findings.h"
#include "launcher/plan.h"

namespace berth::launcher {
namespace {

using rdt::Cache;

constexpr const char* kEdit = "edit /etc/berth/policy.json, then: berth policy check";

void examine_floor(const DoctorFacts& facts, Cache which, std::vector<Finding>& findings) {
  const rdt::CacheCapability& cache = *facts.node.capability->caches[which];
  const rdt::Rules& rules = facts.policy->rdt.layout;
  const rdt::WayMask may = rules.io_ways ? cache.full : cache.full.minus(cache.shareable);
  for (size_t domain = 0; domain < cache.domains.size(); ++domain) {
    const rdt::WayMask floor =
        rdt::floor_in(cache, facts.node.layout, which, domain, rules.floor_ways);
    if (!may.minus(floor).empty()) continue;
    findings.push_back(
        {Level::problem, "policy",
         fmt::format(
             "the default group keeps {} ways of {} {}, which has {}{}: nothing is left to "
             "hand out",
             rules.floor_ways, rdt::name_of(which), cache.domains[domain], cache.full.count(),
             may == cache.full ? "" : fmt::format(", {} of them for I/O", cache.shareable.count())),
         kEdit});
  }
}

// On the whole node, with nobody else there, whoever asks: a class that fails so is given to
// nobody.
void examine_class(const DoctorFacts& facts, const std::string& name,
                   std::vector<Finding>& findings) {
  const std::string subject = "class " + name;
  Policy policy = *facts.policy;
  policy.rdt.rules.clear();
  Request request;
  request.claim = request.purpose = "doctor";
  request.rdt.rdt_class = name;
  const topology::Machine& machine = facts.node.machine;
  const auto planned =
      make_plan(machine, facts.node.capability, policy, request, machine.cpus(), false);
  if (const auto* refusal = std::get_if<rdt::Refusal>(&planned)) {
    findings.push_back({Level::problem, subject, refusal->reason, kEdit});
    return;
  }
  const Plan& plan = std::get<Plan>(planned);
  for (const std::string& warning : plan.warnings) {
    findings.push_back({Level::note, subject, warning, kEdit});
  }
  if (!plan.wish) return;
  RdtFacts empty{*facts.node.capability, {}, {}};
  empty.layout.original = facts.node.layout.original;
  const auto tried = try_out(empty, plan, request);
  if (const auto* refusal = std::get_if<rdt::Refusal>(&tried)) {
    findings.push_back({Level::problem, subject, refusal->reason, kEdit});
  }
}

}  // namespace

void examine_policy(const DoctorFacts& facts, std::vector<Finding>& findings) {
  if (!facts.policy_error.empty()) {
    findings.push_back({Level::problem, "policy", facts.policy_error, kEdit});
    return;
  }
  if (!facts.policy) return;
  const size_t before = findings.size();
  if (facts.node.capability) {
    for (const Cache which : rdt::kCaches) {
      if (facts.node.capability->caches[which]) examine_floor(facts, which, findings);
    }
    for (const RdtPartition& partition : facts.policy->rdt.partitions) {
      for (const RdtClass& one : partition.classes) {
        examine_class(facts, one.name, findings);
      }
    }
  }
  if (findings.size() == before) {
    findings.push_back({Level::ok,
                        "policy",
                        facts.node.capability
                            ? "is well-formed, and this node can give what it says"
                            : "is well-formed",
                        {}});
  }
}

}  // namespace berth::launcher
