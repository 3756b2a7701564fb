// take and give_back: the two transactions on ledger and kernel.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/trace.h"
#include "rdt/commit.h"

namespace berth::rdt {

namespace {

using std::chrono::steady_clock;

double seconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

// The positions of the wish's domains that the capability knows.
std::vector<size_t> positions(const Capability& capability, const Wish& wish, Cache cache) {
  std::vector<size_t> result;
  if (!capability.caches[cache]) return result;
  for (const DomainShare& share : wish.domains[cache]) {
    if (const auto at = capability.caches[cache]->index_of(share.id)) result.push_back(*at);
  }
  return result;
}

// The claim has its ways already: the second task of a step, or the same launch after a crash.
std::variant<Grant, Refusal> kept(const Ground& ground, const std::string& claim,
                                  const Wish& wish) {
  const Member& member = *ground.layout.member(claim);
  const bool same = member.asked == wish.asked && std::ranges::all_of(kCaches, [&](Cache cache) {
                      return member.domains[cache] == positions(ground.capability, wish, cache);
                    });
  if (!same) return Refusal{fmt::format("{} holds {} already", member.purpose, member.asked)};
  return Grant{ground.layout, ground.layout.group_of(claim)->name, false, {}};
}

// The layout from which a first claim starts: what the default group has now is what it will have
// again.
Layout base_of(const Ground& ground) {
  Layout base = ground.layout;
  if (base.groups.empty()) base.original = default_masks(ground.state);
  return base;
}

struct Decision {
  Grant grant;
  std::vector<Step> steps;
  double seconds = 0;  // that it took
};

std::variant<Decision, Refusal> decide(const Ground& ground, const std::string& claim,
                                       const std::string& purpose, const Wish& wish,
                                       const Rules& rules) {
  const auto start = steady_clock::now();
  const Layout base = base_of(ground);
  auto answer =
      base.member(claim) != nullptr
          ? kept(ground, claim, wish)
          : allocate(ground.capability, base, ground.state.foreign, claim, purpose, wish, rules);
  if (const Refusal* refusal = std::get_if<Refusal>(&answer)) return *refusal;
  Decision decision{std::get<Grant>(std::move(answer)), {}, 0};
  decision.steps = transition(ground.capability, ground.state, decision.grant.layout);
  decision.seconds = seconds_since(start);
  return decision;
}

// A group takes a monitoring id, and each monitor group another. What is removed gives none back
// at once.
bool rmids_suffice(const Resctrl& resctrl, const Ground& ground, const std::vector<Step>& steps) {
  const auto wanted = std::ranges::count_if(steps, [](const Step& step) {
    return step.kind == Step::Kind::make || step.kind == Step::Kind::make_monitor;
  });
  if (wanted == 0 || !ground.capability.monitor) return true;
  return rmids_in_use(resctrl, ground.state) + static_cast<size_t>(wanted) <=
         ground.capability.monitor->num_rmids;
}

// Where monitoring ids are short the claim does without one of its own, alone in its group, whose
// figures are then the claim's. Seen beforehand: what is made and undone leaves ids in limbo.
std::variant<Decision, Refusal> decide_by_rmids(const Resctrl& resctrl, const Ground& ground,
                                                const std::string& claim,
                                                const std::string& purpose, const Wish& wish,
                                                const Rules& rules) {
  auto decided = decide(ground, claim, purpose, wish, rules);
  const Decision* decision = std::get_if<Decision>(&decided);
  if (decision == nullptr || !wish.monitored) return decided;
  if (rmids_suffice(resctrl, ground, decision->steps)) return decided;
  Wish alone = wish;
  alone.monitored = false;
  auto without = decide(ground, claim, purpose, alone, rules);
  return std::holds_alternative<Decision>(without) ? without : decided;
}

std::variant<Holding, Refusal> take_once(const Resctrl& resctrl, int state_dir,
                                         const std::string& claim, const std::string& purpose,
                                         const Wish& wish, const Rules& rules) {
  const Resctrl::Lock lock = resctrl.lock();
  const auto locked = steady_clock::now();
  const Ground ground = survey_ground(resctrl, state_dir, nullptr);
  auto decided = decide_by_rmids(resctrl, ground, claim, purpose, wish, rules);
  if (const Refusal* refusal = std::get_if<Refusal>(&decided)) return *refusal;
  Holding holding;
  Decision& decision = std::get<Decision>(decided);
  holding.decide_seconds = decision.seconds;
  holding.grant = std::move(decision.grant);
  if (tracing()) {
    for (const Step& step : decision.steps) trace("rdt: " + to_string(step));
  }
  // A claim that has its ways keeps them whatever fails: that is no taking to be undone.
  const auto change =
      ground.layout.member(claim) != nullptr ? Journal::Change::restore : Journal::Change::take;
  commit(resctrl, state_dir, ground, holding.grant.layout, decision.steps, change, claim);
  holding.place = place_of(holding.grant.layout, claim).value();
  holding.capability = ground.capability;
  holding.locked_seconds = seconds_since(locked);
  return holding;
}

// Nothing where it is something else that is missing: a CLOSID, room in the state directory.
std::optional<Refusal> lack_of_rmids(const Resctrl& resctrl, const Error& error) {
  if (error.code() != ENOSPC && error.code() != EBUSY) return std::nullopt;
  const auto monitor = resctrl.capability().monitor;
  if (!monitor) return std::nullopt;
  const unsigned used = rmids_in_use(resctrl);
  const bool limbo = error.code() == EBUSY;
  const bool said = error.message().find("Out of RMIDs") != std::string::npos;
  if (!limbo && !said && used < monitor->num_rmids) return std::nullopt;
  return Refusal{fmt::format("the node has no monitoring id (RMID) left: {} of {} in use{}", used,
                             monitor->num_rmids,
                             limbo ? ", and those given back are not free yet" : "")};
}

}  // namespace

std::variant<Holding, Refusal> take(const Resctrl& resctrl, int state_dir, const std::string& claim,
                                    const std::string& purpose, Wish wish, const Rules& rules) {
  const auto deadline = steady_clock::now() + std::chrono::seconds(10);
  std::optional<Refusal> lack;  // of the first try
  for (;;) {
    try {
      auto answer = take_once(resctrl, state_dir, claim, purpose, wish, rules);
      // With a monitor group it would have been granted.
      if (lack && std::holds_alternative<Refusal>(answer)) return *lack;
      return answer;
    } catch (const Error& e) {
      // RMIDs in limbo. The lock is for less than 100 ms, so everything is undone while we wait.
      const bool limbo = e.code() == EBUSY && steady_clock::now() < deadline;
      // None left, or none in time: without a monitor group then, if that is all that is missing.
      const bool monitors = e.code() == ENOSPC || e.code() == EBUSY;
      if (!limbo) {
        if (!monitors) throw;
        lack = lack_of_rmids(resctrl, e);
        if (!wish.monitored) {
          if (!lack) throw;
          return *lack;
        }
        wish.monitored = false;
        continue;
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

void give_back(const Resctrl& resctrl, int state_dir, const std::string& claim) {
  const Resctrl::Lock lock = resctrl.lock();
  const Ground ground = survey_ground(resctrl, state_dir, nullptr);
  if (ground.layout.member(claim) == nullptr) return;
  const Layout rest = ground.layout.without(claim);
  commit(resctrl, state_dir, ground, rest, transition(ground.capability, ground.state, rest),
         Journal::Change::release, claim);
}

}  // namespace berth::rdt
