// What became of the steps, as a person reads it and as a program does.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "launcher/what_if.h"

namespace berth::launcher {
namespace {

using Json = nlohmann::json;

std::string granted_line(const rdt::GrantedDomain& domain) {
  return fmt::format("     {} {}: ways {:#x} ({}), {:#x} ({}) stay with the default group\n",
                     rdt::name_of(domain.cache), domain.id, domain.slot.ways.bits(),
                     domain.slot.ways.count(), domain.default_group.bits(),
                     domain.default_group.count());
}

std::string text_of(const WhatIfGrant& grant) {
  std::string text = fmt::format("granted on CPUs {}\n", grant.plan.placement.cpus.to_list());
  if (grant.got) {
    for (const rdt::GrantedDomain& domain : grant.got->domains) text += granted_line(domain);
    text += fmt::format("     group '{}'{}\n", grant.got->grant.group,
                        grant.got->grant.packed ? ", which others have too" : "");
    for (size_t i = 0; i < grant.movers.size(); ++i) {
      const rdt::Moved& moved = grant.got->grant.moved[i];
      text += fmt::format("     to make room {} is moved from {:#x} to {:#x} in {} {}\n",
                          grant.movers[i], moved.from.bits(), moved.to.bits(),
                          rdt::name_of(moved.cache), moved.domain);
    }
  }
  for (const std::string& warning : grant.plan.warnings) text += "     warning: " + warning + "\n";
  return text;
}

std::string text_of(const WhatIfReleased&) {
  return "given back\n";
}

std::string text_of(const rdt::Refusal& refusal) {
  return "refused: " + refusal.reason + "\n";
}

Json json_of(const WhatIfGrant& grant) {
  Json json = {{"granted", true},
               {"plan", Json::parse(to_json(grant.plan, grant.request, grant.got))}};
  for (size_t i = 0; i < grant.movers.size(); ++i) {
    json["plan"]["moves"][i]["of"] = grant.movers[i];
  }
  return json;
}

Json json_of(const WhatIfReleased&) {
  return {{"released", true}};
}

Json json_of(const rdt::Refusal& refusal) {
  return {{"granted", false}, {"reason", refusal.reason}};
}

}  // namespace

std::string to_text(const std::vector<WhatIf>& steps, const WhatIfResult& result) {
  std::string text;
  for (size_t i = 0; i < steps.size(); ++i) {
    text += fmt::format("{}. {}: ", i + 1, steps[i].claim);
    if (!steps[i].release) text += steps[i].text + ": ";
    text += std::visit([](const auto& outcome) { return text_of(outcome); }, result.outcomes[i]);
  }
  return text + "\n" + draw(result.node);
}

std::string to_json(const std::vector<WhatIf>& steps, const WhatIfResult& result) {
  Json list = Json::array();
  for (size_t i = 0; i < steps.size(); ++i) {
    Json step =
        std::visit([](const auto& outcome) { return json_of(outcome); }, result.outcomes[i]);
    step["claim"] = steps[i].claim;
    step["step"] = steps[i].text;
    list.push_back(std::move(step));
  }
  const Json all = {{"steps", std::move(list)}, {"node", Json::parse(to_json(result.node))}};
  return all.dump(2) + "\n";
}

}  // namespace berth::launcher
