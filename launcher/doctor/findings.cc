#include "launcher/doctor/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/one_line.h"

namespace berth::launcher {
namespace {

const char* name_of(Level level) {
  switch (level) {
    case Level::ok:
      return "ok";
    case Level::note:
      return "note";
    case Level::problem:
      break;
  }
  return "problem";
}

}  // namespace

std::vector<Finding> examine(const DoctorFacts& facts) {
  std::vector<Finding> findings;
  examine_hardware(facts, findings);
  if (facts.node.capability) {
    examine_resources(facts, findings);
    examine_groups(facts, findings);
  }
  examine_state(facts, findings);
  examine_policy(facts, findings);
  if (!facts.unread.empty()) {
    findings.push_back({Level::note, "unread",
                        fmt::format("{}not looked at: {}",
                                    facts.root ? "" : "not root: ", fmt::join(facts.unread, "; ")),
                        facts.root ? "berth doctor, once they can be read" : "sudo berth doctor"});
  }
  return findings;
}

std::string to_text(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    text += fmt::format("{:<8} {}: {}\n", name_of(finding.level), one_line(finding.subject),
                        one_line(finding.text));
    if (!finding.next.empty()) text += fmt::format("{:8} -> {}\n", "", one_line(finding.next));
  }
  return text;
}

std::string to_json(const std::vector<Finding>& findings) {
  using Json = nlohmann::json;
  Json list = Json::array();
  for (const Finding& finding : findings) {
    list.push_back({{"level", name_of(finding.level)},
                    {"subject", finding.subject},
                    {"text", finding.text},
                    {"next", finding.next}});
  }
  const Json all = {{"findings", std::move(list)}, {"problem", any_problem(findings)}};
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

bool any_problem(const std::vector<Finding>& findings) {
  return std::ranges::find(findings, Level::problem, &Finding::level) != findings.end();
}

}  // namespace berth::launcher
