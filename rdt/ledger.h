// What berth itself did to resctrl: which groups are its own, whether they are exclusive, and what
// the default group was before the first of them. Kept in a file under the state directory
// (/run/berth), which a reboot clears together with resctrl itself.
//
// take: lock -> read kernel and ledger -> allocate -> record -> shrink default -> mkdir -> write ->
// verify. give_back: lock -> rmdir -> grow default to exactly what it was -> forget.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rdt/allocate.h"
#include "rdt/resctrl.h"

namespace berth::rdt {

// Names of groups that are ours begin with this.
inline constexpr std::string_view kGroupPrefix = "berth_";

struct LedgerGroup {
  bool exclusive = true;
  std::string asked;    // the wish as the user wrote it, `50%`
  std::string purpose;  // who holds it, for people: `job 12`, `launch 4711`
  Masks job;            // the masks granted, every domain
  std::map<unsigned, unsigned> ways;
  bool operator==(const LedgerGroup&) const = default;
};

struct Ledger {
  // The L3 line of the default group before our first group; empty without groups.
  Schemata original;
  std::map<std::string, LedgerGroup> groups;
  bool operator==(const Ledger&) const = default;
};

// `state_dir` is a descriptor of /run/berth. An absent file is an empty ledger; a damaged one an
// Error.
Ledger read_ledger(int state_dir);
// Replaces the file atomically. To be called under resctrl's lock, which covers both.
void write_ledger(int state_dir, const Ledger& ledger);

struct Holding {
  Grant grant;
  double decide_seconds = 0;  // allocate alone
  double locked_seconds = 0;  // resctrl's flock held
};

// Makes group `name` with the wish's ways, or says why not; on an error nothing is left behind.
// Where the group exists in the ledger with the same wish, gives what it holds (made again where
// somebody removed or changed it); with another, refuses. RMIDs in limbo (EBUSY) are waited for,
// without the lock, for up to 10 s.
std::variant<Holding, Refusal> take(const Resctrl& resctrl, int state_dir, const std::string& name,
                                    const std::string& purpose, const Wish& wish, unsigned floor);

// Removes the group and grows the default. Tasks still in it are not looked at: the caller did.
void give_back(const Resctrl& resctrl, int state_dir, const std::string& name);

// Says whether the holder of a group of ours still lives. `recorded` is null where the ledger does
// not know the group.
using IsAlive = std::function<bool(const std::string& name, const LedgerGroup* recorded)>;

// Brings ledger and kernel together after a crash: groups of ours that are not alive are removed
// (their tasks first killed where `kill_tasks`), living ones that somebody removed or changed are
// made again as recorded, the default is recomputed, strangers are left alone. Returns one line for
// each thing done. `alive` is asked under the lock, so that a group taken while it looks is seen.
std::vector<std::string> reconcile(const Resctrl& resctrl, int state_dir, const IsAlive& alive,
                                   bool kill_tasks);
// The same with the names of the living. Right only where nobody can take a group between the
// making of that list and this call.
std::vector<std::string> reconcile(const Resctrl& resctrl, int state_dir,
                                   const std::vector<std::string>& alive, bool kill_tasks);

}  // namespace berth::rdt
