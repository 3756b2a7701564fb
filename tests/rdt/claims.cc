#include "tests/rdt/claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "tests/rdt/node.h"
#include "tests/support/message_of.h"

namespace berth::rdt {

namespace {

std::string flat(std::string lines) {
  std::ranges::replace(lines, '\n', ' ');
  lines.pop_back();
  return lines;
}

}  // namespace

Claims::Claims(ResctrlTree::Options options) : tree_(std::move(options)) {}

// `job 12` for `job_12`.
std::string Claims::purpose(std::string claim) {
  std::ranges::replace(claim, '_', ' ');
  return claim;
}

std::variant<Holding, Refusal> Claims::ask(const std::string& claim, const Wish& wish) const {
  return take(resctrl_, tree_.state_dir(), claim, purpose(claim), wish, rules_);
}

Holding Claims::must(const std::string& claim, const Wish& wish) const {
  auto answer = ask(claim, wish);
  if (const Refusal* refusal = std::get_if<Refusal>(&answer)) throw Error(refusal->reason);
  return std::get<Holding>(std::move(answer));
}

Holding Claims::must(const std::string& claim, std::string_view amount,
                     const std::vector<unsigned>& l3) const {
  return must(claim, wish_for(amount, l3));
}

std::string Claims::refused(const std::string& claim, const Wish& wish) const {
  const auto answer = ask(claim, wish);
  const Refusal* refusal = std::get_if<Refusal>(&answer);
  return refusal == nullptr ? "granted" : refusal->reason;
}

std::string Claims::failed(const std::string& claim, const Wish& wish) const {
  return test::message_of([&] { (void)ask(claim, wish); });
}

void Claims::back(const std::string& claim) const {
  give_back(resctrl_, tree_.state_dir(), claim);
}

std::vector<std::string> Claims::settle(const std::vector<std::string>& alive, bool kill) const {
  return reconcile(resctrl_, tree_.state_dir(), alive, kill);
}

Layout Claims::ledger() const {
  return read_ledger(tree_.state_dir(), resctrl_.capability());
}

std::string Claims::everything() const {
  std::string text = "default " + flat(tree_.schemata()) + "\n";
  for (const std::string& name : resctrl_.group_names()) {
    text += fmt::format("{} {} [{}]\n", name, flat(tree_.schemata(name)),
                        fmt::join(resctrl_.find(name)->monitor_names(), " "));
  }
  for (const Clos& group : ledger().groups) {
    text += "ledger " + group.name;
    for (const Member& member : group.members) text += " " + member.claim;
    text += "\n";
  }
  for (const std::string& file : list_dir(tree_.state_dir())) {
    if (file != "rdt.json" && file != "rdt-capability.json") text += "left behind: " + file + "\n";
  }
  return text;
}

void Claims::fail(const std::string& call, const std::string& group, int code, int n) {
  tree_.interfere([=, left = std::make_shared<int>(n)](const std::string& c, const std::string& g) {
    return c == call && g == group && (*left)-- == 0 ? code : 0;
  });
}

}  // namespace berth::rdt
