#include "tests/launcher/node_of_claims.h"

#include <filesystem>
#include <stdexcept>
#include <utility>

#include "launcher/node_facts.h"
#include "launcher/plan.h"
#include "rdt/commit.h"

namespace berth::test {

NodeOfClaims::NodeOfClaims(rdt::ResctrlTree::Options options)
    : tree_(std::move(options)),
      resctrl_(tree_.resctrl()),
      claims_(launcher::Claims::open(tree_.path() + "/state")),
      machine_(topology::Machine::synthetic("pack:2 l3:1(size=11534336 indexes=0,1) core:8 pu:1")) {
}

launcher::NodeFacts NodeOfClaims::facts() const {
  return launcher::node_facts(machine_, &claims_, &resctrl_);
}

void NodeOfClaims::add_claim(const std::string& name, const std::string& cpus,
                             const std::string& amount, bool shared) {
  const launcher::NodeFacts now = facts();
  launcher::Request request;
  request.claim = name;
  request.purpose = name;
  request.purpose.replace(name.find('_'), 1, " ");
  request.rdt =
      launcher::parse_rdt_options({amount, {}, {}, {}, {}, {}, shared, /*l3_exclusive=*/false});
  const auto planned = launcher::make_plan(machine_, now.capability, {}, request,
                                           topology::CpuSet::parse(cpus), false);
  const auto& plan = std::get<launcher::Plan>(planned);
  auto layout = now.layout;
  if (layout.groups.empty()) layout.original = rdt::default_masks(now.kernel);
  const auto tried =
      launcher::try_out({*now.capability, layout, now.kernel.foreign}, plan, request);
  if (const auto* refusal = std::get_if<rdt::Refusal>(&tried)) {
    throw std::runtime_error(refusal->reason);
  }
  const rdt::Layout& to = std::get<launcher::DryRun>(tried).grant.layout;
  for (const rdt::Step& step : rdt::transition(*now.capability, now.kernel, to)) {
    if (step.kind == rdt::Step::Kind::make_monitor) {
      std::filesystem::create_directories(tree_.path() + "/resctrl/" + step.group + "/mon_groups/" +
                                          step.monitor + "/mon_data");
      continue;
    }
    rdt::perform(resctrl_, step);
  }
  rdt::write_ledger(tree_.state_dir(), *now.capability, to);
  claims_.add_use(name, {"launch", launcher::Holder::self(), cpus});
}

void NodeOfClaims::count(const std::string& domain, uint64_t occupancy, uint64_t total,
                         uint64_t local) const {
  std::filesystem::create_directories(tree_.path() + "/resctrl/" + domain);
  tree_.write(domain + "/llc_occupancy", std::to_string(occupancy) + "\n");
  tree_.write(domain + "/mbm_total_bytes", std::to_string(total) + "\n");
  tree_.write(domain + "/mbm_local_bytes", std::to_string(local) + "\n");
}

}  // namespace berth::test
