#include "rdt/commit.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "rdt/known_capability.h"

namespace berth::rdt {

namespace {

bool gone(const Error& error) {
  return error.code() == ENODEV || error.code() == ENOENT;
}

Group group_of(const Resctrl& resctrl, const std::string& name) {
  if (name.empty()) return resctrl.default_group();
  std::optional<Group> group = resctrl.find(name);
  if (!group) throw Error("find resctrl group", name, ENOENT);
  return std::move(*group);
}

void perform_all(const Resctrl& resctrl, const std::vector<Step>& steps, Journal* journal) {
  for (const Step& step : steps) {
    if (journal != nullptr) journal->about_to(step);
    perform(resctrl, step);
  }
}

// All that can be done of it: a step that fails does not keep the others back. The first failure,
// if any. For what must not be left half done because of one foreign group in the way.
std::optional<Error> perform_what_can_be(const Resctrl& resctrl, const std::vector<Step>& steps,
                                         Journal* journal) {
  std::optional<Error> failure;
  for (const Step& step : steps) {
    try {
      if (journal != nullptr) journal->about_to(step);
      perform(resctrl, step);
    } catch (const Error& error) {
      if (!failure) failure = error.within(to_string(step));
    }
  }
  return failure;
}

// As perform_all; once more from where the kernel is now where a group of ours was removed
// meanwhile.
void go(const Resctrl& resctrl, const Capability& capability, const Layout& to,
        const std::vector<Step>& steps, Journal* journal) {
  try {
    perform_all(resctrl, steps, journal);
  } catch (const Error& error) {
    if (!gone(error)) throw;
    perform_all(resctrl, transition(capability, observe(resctrl, capability, to), to), journal);
  }
}

}  // namespace

void perform(const Resctrl& resctrl, const Step& step) {
  switch (step.kind) {
    case Step::Kind::make:
      (void)resctrl.create(step.group, std::chrono::milliseconds(0));
      return;
    case Step::Kind::remove:
      resctrl.remove(step.group);
      return;
    case Step::Kind::write:
      group_of(resctrl, step.group).write(step.lines);
      return;
    case Step::Kind::set_exclusive:
      group_of(resctrl, step.group).set_mode("exclusive");
      return;
    case Step::Kind::make_monitor:
      (void)group_of(resctrl, step.group).make_monitor(step.monitor);
      return;
    case Step::Kind::remove_monitor:
      group_of(resctrl, step.group).remove_monitor(step.monitor);
      return;
  }
}

void recover(const Resctrl& resctrl, int state_dir, const Capability& capability,
             std::vector<std::string>* lines) {
  const auto pending = Journal::read(state_dir, capability);
  if (!pending) return;
  const Layout before = read_ledger(state_dir, capability);
  // With the ledger written a taking is done: only the journal was still to go.
  const bool taking = pending->change == Journal::Change::take;
  const bool undo = taking && before.member(pending->claim) == nullptr;
  // A group of the change is ours even where the ledger does not know it yet, or any more.
  const Layout& known = undo ? pending->to : before;
  Layout target = undo ? before : pending->to;
  // A first take that was cut short: what the default group had is in the journal alone.
  if (target.groups.empty())
    target.original = known.groups.empty() ? target.original : known.original;
  const auto failure = perform_what_can_be(
      resctrl, transition(capability, observe(resctrl, capability, known), target), nullptr);
  if (!undo) write_ledger(state_dir, capability, target);
  Journal::remove(state_dir);
  if (lines == nullptr) return;
  const bool release = pending->change == Journal::Change::release;
  lines->push_back(fmt::format("{} the {} of '{}', cut short at step {} of {}{}",
                               undo ? "undid" : "finished",
                               taking    ? "taking"
                               : release ? "release"
                                         : "restoration",
                               pending->claim, pending->started, pending->steps,
                               failure ? ", but: " + failure->message() : ""));
}

Ground survey_ground(const Resctrl& resctrl, int state_dir, std::vector<std::string>* lines) {
  Ground ground;
  ground.capability = known_capability(resctrl, state_dir);
  recover(resctrl, state_dir, ground.capability, lines);
  ground.layout = read_ledger(state_dir, ground.capability);
  ground.state = observe(resctrl, ground.capability, ground.layout);
  return ground;
}

void commit(const Resctrl& resctrl, int state_dir, const Ground& ground, const Layout& to,
            const std::vector<Step>& steps, Journal::Change change, const std::string& claim) {
  if (steps.empty() && to == ground.layout) return;
  Journal journal(state_dir, ground.capability, change, claim, to, steps);
  if (change == Journal::Change::release) {
    const auto failure = perform_what_can_be(resctrl, steps, &journal);
    write_ledger(state_dir, ground.capability, to);
    journal.done();
    if (failure) throw *failure;
    return;
  }
  try {
    go(resctrl, ground.capability, to, steps, &journal);
    write_ledger(state_dir, ground.capability, to);
  } catch (const Error& error) {
    Layout back = ground.layout;
    if (back.groups.empty()) back.original = to.original;
    const KernelState state = observe(resctrl, ground.capability, to);
    const auto undoing =
        perform_what_can_be(resctrl, transition(ground.capability, state, back), nullptr);
    journal.done();
    if (undoing) throw error.with_note("and undoing it failed: " + undoing->message());
    throw;
  }
  journal.done();
}

}  // namespace berth::rdt
