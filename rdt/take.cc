// take and give_back: the two transactions on ledger and kernel.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/error.h"
#include "rdt/ledger.h"
#include "rdt/ledger_view.h"

namespace berth::rdt {

namespace {

using std::chrono::steady_clock;

double seconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

void check_ours(const std::string& name) {
  if (!name.starts_with(kGroupPrefix)) throw Error("name a group of berth's", name, EINVAL);
}

bool same_wish(const LedgerGroup& held, const Wish& wish) {
  return held.asked == to_string(wish.l3) && held.exclusive == !wish.shared &&
         std::ranges::equal(held.ways, wish.domains, {},
                            &std::pair<const unsigned, unsigned>::first,
                            &std::pair<const unsigned, uint64_t>::first);
}

// The group is there already: the second task of a step, or the same launch after a crash.
std::variant<Grant, Refusal> keep(const Resctrl& resctrl, const Capability& capability,
                                  const Ledger& ledger, const std::string& name, const Wish& wish) {
  const LedgerGroup& held = ledger.groups.at(name);
  if (!same_wish(held, wish)) {
    return Refusal{fmt::format("group '{}' ({}) holds {}{} already", name, held.purpose, held.asked,
                               held.exclusive ? "" : " shared")};
  }
  settle_default(resctrl, capability, ledger);
  restore_group(resctrl, capability, name, held);
  return Grant{held.job, default_left_by(ledger, capability), held.ways};
}

// A group of that name which the ledger does not know: what a lost state directory leaves behind.
void clear_leftover(const Resctrl& resctrl, const std::string& name) {
  const std::optional<Group> leftover = resctrl.find(name);
  if (!leftover) return;
  if (const size_t tasks = leftover->tasks().size(); tasks > 0) {
    throw Error(
        fmt::format("resctrl group '{}' is not in the ledger and has {} tasks", name, tasks));
  }
  resctrl.remove(name);
}

// Carries out what is recorded already. Where that fails, all is as before and the error is thrown;
// where even that fails the record stays, for reconcile.
void carry_out(const Resctrl& resctrl, int state_dir, const Capability& capability,
               const Ledger& before, const Ledger& after, const std::string& name) {
  const Schemata default_before = l3_line(resctrl.default_group().schemata());
  try {
    settle_default(resctrl, capability, after);
    restore_group(resctrl, capability, name, after.groups.at(name));
  } catch (const Error& error) {
    try {
      resctrl.remove(name);
      resctrl.default_group().write(default_before);
      write_ledger(state_dir, before);
    } catch (const Error& undoing) {
      throw error.with_note("and undoing it failed: " + undoing.message());
    }
    throw;
  }
}

std::variant<Holding, Refusal> take_once(const Resctrl& resctrl, int state_dir,
                                         const std::string& name, const std::string& purpose,
                                         const Wish& wish, unsigned floor) {
  const Resctrl::Lock lock = resctrl.lock();
  const auto locked = steady_clock::now();
  const Capability capability = resctrl.capability();  // of it, the domains are in a schemata file
  const Ledger before = read_ledger(state_dir);
  Holding holding;
  if (before.groups.contains(name)) {
    auto kept = keep(resctrl, capability, before, name, wish);
    if (const Refusal* refusal = std::get_if<Refusal>(&kept)) return *refusal;
    holding.grant = std::get<Grant>(std::move(kept));
    holding.locked_seconds = seconds_since(locked);
    return holding;
  }
  clear_leftover(resctrl, name);
  Ledger after = before;
  if (before.groups.empty()) after.original = l3_line(resctrl.default_group().schemata());
  const std::vector<InUse> used = in_use(resctrl, before);
  const auto asked = steady_clock::now();
  auto answer = allocate(capability, after.original, used, wish, floor);
  holding.decide_seconds = seconds_since(asked);
  if (const Refusal* refusal = std::get_if<Refusal>(&answer)) return *refusal;
  holding.grant = std::get<Grant>(std::move(answer));
  after.groups[name] = {.exclusive = !wish.shared,
                        .asked = to_string(wish.l3),
                        .purpose = purpose,
                        .job = holding.grant.job,
                        .ways = holding.grant.ways};
  holding.grant.default_group = default_left_by(after, capability);
  // Recorded before the kernel is touched: whenever we die, reconcile knows what to take back.
  write_ledger(state_dir, after);
  carry_out(resctrl, state_dir, capability, before, after, name);
  holding.locked_seconds = seconds_since(locked);
  return holding;
}

}  // namespace

std::variant<Holding, Refusal> take(const Resctrl& resctrl, int state_dir, const std::string& name,
                                    const std::string& purpose, const Wish& wish, unsigned floor) {
  check_ours(name);
  const auto deadline = steady_clock::now() + std::chrono::seconds(10);
  for (;;) {
    try {
      return take_once(resctrl, state_dir, name, purpose, wish, floor);
    } catch (const Error& e) {
      // RMIDs in limbo. The lock is for less than 100 ms, so everything is undone while we wait.
      if (e.code() != EBUSY || steady_clock::now() >= deadline) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

void give_back(const Resctrl& resctrl, int state_dir, const std::string& name) {
  check_ours(name);
  const Resctrl::Lock lock = resctrl.lock();
  const Capability capability = resctrl.capability();
  Ledger ledger = read_ledger(state_dir);
  resctrl.remove(name);
  if (ledger.groups.erase(name) == 0) return;
  settle_default(resctrl, capability, ledger);
  if (ledger.groups.empty()) ledger.original = {};
  write_ledger(state_dir, ledger);
}

}  // namespace berth::rdt
