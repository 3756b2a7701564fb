#include <cstdio>

#include "launcher/cache_map.h"
#include "launcher/known_machine.h"
#include "launcher/prepare.h"
#include "launcher/verbs/verbs.h"

namespace berth::launcher {
namespace {

void read_resctrl(const rdt::Resctrl& resctrl, NodeFacts& facts) {
  facts.capability = resctrl.capability();
  facts.default_group = resctrl.default_group().schemata();
  for (const std::string& name : resctrl.group_names()) {
    if (const auto group = resctrl.find(name)) {
      const auto ours = facts.ledger.groups.find(name);
      facts.groups.push_back(
          {name, group->schemata(), ours == facts.ledger.groups.end() || ours->second.exclusive});
    }
  }
}

}  // namespace

int show(Format format) {
  const topology::Machine machine = known_machine();
  NodeFacts facts{machine, {}, {}, {}, {}, {}};
  if (const auto claims = Claims::open_if_exists()) {
    facts.ledger = rdt::read_ledger(claims->state_dir());
    for (const std::string& name : claims->all()) {
      facts.claims.push_back({name, claims->uses(name)});
    }
  }
  if (const auto resctrl = rdt::Resctrl::open()) read_resctrl(*resctrl, facts);
  std::fputs((format == Format::json ? to_json(facts) : draw(facts)).c_str(), stdout);
  return 0;
}

}  // namespace berth::launcher
