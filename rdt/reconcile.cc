#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "rdt/commit.h"
#include "rdt/tasks.h"

namespace berth::rdt {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Temporary files of a replace_file that died; nobody writes now, for we have the lock.
void remove_temporaries(int state_dir) {
  for (const std::string& name : list_dir(state_dir)) {
    if (name.starts_with(".rdt")) ::unlinkat(state_dir, name.c_str(), 0);
  }
}

// Groups that bear our prefix and that no ledger knows: what a lost state directory leaves behind.
std::vector<std::string> strays(const Ground& ground) {
  std::vector<std::string> names;
  for (const Foreign& group : ground.state.foreign) {
    if (group.name.starts_with(kGroupPrefix)) names.push_back(group.name);
  }
  return names;
}

std::vector<std::string> dead_claims(const Layout& layout, const IsAlive& alive) {
  std::vector<std::string> claims;
  for (const Clos& group : layout.groups) {
    for (const Member& member : group.members) {
      if (!alive(member.claim)) claims.push_back(member.claim);
    }
  }
  return claims;
}

// Not under the lock, which others wait for: dying takes its time.
void kill_dead(const Resctrl& resctrl, int state_dir, const IsAlive& alive) {
  std::vector<Place> places;
  {
    const Resctrl::Lock lock = resctrl.lock();
    const Ground ground = survey_ground(resctrl, state_dir, nullptr);
    for (const std::string& claim : dead_claims(ground.layout, alive)) {
      if (auto place = own_place_of(ground.layout, claim)) places.push_back(std::move(*place));
    }
    for (const std::string& name : strays(ground)) places.push_back({name, {}});
  }
  for (const Place& place : places) kill_tasks(resctrl, place);
}

std::string told(const std::string& what, const std::string& of, size_t tasks) {
  std::string line = what + (of.empty() ? "" : " of " + of);
  if (tasks > 0) line += fmt::format(", its {} tasks are in the default group now", tasks);
  return line;
}

// What the kernel lacks of what the ledger says, one line for each group.
std::vector<std::string> mended(const std::vector<Step>& steps, const Layout& layout) {
  std::vector<std::string> lines;
  const auto add = [&](const std::string& line) {
    if (std::ranges::find(lines, line) == lines.end()) lines.push_back(line);
  };
  for (const Step& step : steps) {
    if (step.group.empty()) {
      add(fmt::format("gave the default group what it {}",
                      layout.groups.empty() ? "had before" : "is left with"));
    } else if (const Clos* group = layout.find(step.group); group != nullptr) {
      std::string holders;
      for (const Member& member : group->members) {
        holders += (holders.empty() ? "" : ", ") + member.purpose;
      }
      add(fmt::format("gave group '{}' of {} its ways again", step.group, holders));
    }
  }
  return lines;
}

// What a pass does, said once however many it takes.
class Lines {
 public:
  void add(std::string line) {
    if (std::ranges::find(lines_, line) == lines_.end()) lines_.push_back(std::move(line));
  }
  std::vector<std::string> take() { return std::move(lines_); }

 private:
  std::vector<std::string> lines_;
};

// One pass under the lock. What could not be done, if anything: the ledger is right all the same.
std::optional<Error> settle(const Resctrl& resctrl, int state_dir, const IsAlive& alive,
                            Lines& lines) {
  const Resctrl::Lock lock = resctrl.lock();
  remove_temporaries(state_dir);
  std::vector<std::string> recovered;
  const Ground ground = survey_ground(resctrl, state_dir, &recovered);
  for (std::string& line : recovered) lines.add(std::move(line));
  const std::vector<std::string> unknown = strays(ground);
  for (const std::string& name : unknown) {
    const size_t tasks = running_at(resctrl, {name, {}}).size();
    if (resctrl.remove(name)) lines.add(told(fmt::format("removed group '{}'", name), {}, tasks));
  }
  // Nothing of ours is there, nor was: what the default group has is the admin's doing.
  if (ground.layout.groups.empty() && unknown.empty()) return std::nullopt;
  Layout rest = ground.layout;
  for (const std::string& claim : dead_claims(ground.layout, alive)) {
    const Place place = place_of(ground.layout, claim).value();
    const Member& member = *ground.layout.member(claim);
    const size_t tasks = running_at(resctrl, place).size();
    rest = rest.without(claim);
    lines.add(told(rest.find(place.group) == nullptr
                       ? fmt::format("removed group '{}'", place.group)
                       : fmt::format("freed the part of group '{}'", place.group),
                   member.purpose, tasks));
  }
  const std::vector<Step> steps = transition(ground.capability, ground.state, rest);
  for (std::string& line : mended(steps, rest)) lines.add(std::move(line));
  try {
    commit(resctrl, state_dir, ground, rest, steps, Journal::Change::release, "reconcile");
  } catch (const Error& e) {
    return e;
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> reconcile(const Resctrl& resctrl, int state_dir, const IsAlive& alive,
                                   bool kill_tasks) {
  if (kill_tasks) kill_dead(resctrl, state_dir, alive);
  Lines lines;
  const auto deadline = steady_clock::now() + std::chrono::seconds(10);
  for (;;) {
    const std::optional<Error> failure = settle(resctrl, state_dir, alive, lines);
    if (!failure) break;
    // Monitoring ids in limbo: what was removed a moment ago gives back its own, not under the
    // lock.
    if (failure->code() != EBUSY || steady_clock::now() >= deadline) {
      lines.add("not all could be done: " + failure->message());
      break;
    }
    std::this_thread::sleep_for(milliseconds(200));
  }
  return lines.take();
}

std::vector<std::string> reconcile(const Resctrl& resctrl, int state_dir,
                                   const std::vector<std::string>& alive, bool kill_tasks) {
  return reconcile(
      resctrl, state_dir,
      [&alive](const std::string& claim) { return std::ranges::find(alive, claim) != alive.end(); },
      kill_tasks);
}

}  // namespace berth::rdt
