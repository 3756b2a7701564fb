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

std::variant<Holding, Refusal> take_once(const Resctrl& resctrl, int state_dir,
                                         const std::string& claim, const std::string& purpose,
                                         const Wish& wish, const Rules& rules) {
  const Resctrl::Lock lock = resctrl.lock();
  const auto locked = steady_clock::now();
  const Ground ground = survey_ground(resctrl, state_dir, nullptr);
  const Layout base = base_of(ground);
  const auto asked = steady_clock::now();
  auto answer =
      base.member(claim) != nullptr
          ? kept(ground, claim, wish)
          : allocate(ground.capability, base, ground.state.foreign, claim, purpose, wish, rules);
  if (const Refusal* refusal = std::get_if<Refusal>(&answer)) return *refusal;
  Holding holding;
  holding.grant = std::get<Grant>(std::move(answer));
  const std::vector<Step> steps = transition(ground.capability, ground.state, holding.grant.layout);
  holding.decide_seconds = seconds_since(asked);
  if (tracing()) {
    for (const Step& step : steps) trace("rdt: " + to_string(step));
  }
  // A claim that has its ways keeps them whatever fails: that is no taking to be undone.
  const auto change =
      ground.layout.member(claim) != nullptr ? Journal::Change::restore : Journal::Change::take;
  commit(resctrl, state_dir, ground, holding.grant.layout, steps, change, claim);
  holding.place = place_of(holding.grant.layout, claim).value();
  holding.capability = ground.capability;
  holding.locked_seconds = seconds_since(locked);
  return holding;
}

}  // namespace

std::variant<Holding, Refusal> take(const Resctrl& resctrl, int state_dir, const std::string& claim,
                                    const std::string& purpose, Wish wish, const Rules& rules) {
  const auto deadline = steady_clock::now() + std::chrono::seconds(10);
  for (;;) {
    try {
      return take_once(resctrl, state_dir, claim, purpose, wish, rules);
    } catch (const Error& e) {
      // RMIDs in limbo. The lock is for less than 100 ms, so everything is undone while we wait.
      const bool limbo = e.code() == EBUSY && steady_clock::now() < deadline;
      // None left, or none in time: without a monitor group then, if that is all that is missing.
      const bool monitors = e.code() == ENOSPC || e.code() == EBUSY;
      if (!limbo) {
        if (!monitors || !wish.monitored) throw;
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
