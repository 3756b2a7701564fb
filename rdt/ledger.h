// What berth itself did to resctrl: the layout in force, in a file under the state directory
// (/run/berth), which a reboot clears together with resctrl itself.
//
// take: lock -> read kernel and ledger -> allocate -> journal -> the steps, one by one -> ledger.
// give_back is the same with the layout that lacks the claim. Who dies on the way leaves the
// journal: whoever comes next undoes a take, and finishes a release.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rdt/allocate.h"
#include "rdt/resctrl.h"

namespace berth::rdt {

// `state_dir` is a descriptor of /run/berth. An absent file is an empty layout; a damaged one an
// Error. Domains that are not in the capability are left out: their masks went with their CPUs.
Layout read_ledger(int state_dir, const Capability& capability);
// Replaces the file atomically. To be called under resctrl's lock, which covers both.
void write_ledger(int state_dir, const Capability& capability, const Layout& layout);
// The same as text, for the journal.
std::string to_text(const Capability& capability, const Layout& layout);
Layout layout_from_text(std::string_view text, const Capability& capability);

// Where a claim's tasks belong.
struct Place {
  std::string group;
  std::string monitor;  // its monitor group in it; empty: none was to be had
  bool operator==(const Place&) const = default;
};
std::optional<Place> place_of(const Layout& layout, std::string_view claim);
// Where everybody is the claim's, so that they may be killed: its monitor group, or the group that
// it has alone. Nothing where its tasks cannot be told from those of the group's other members.
std::optional<Place> own_place_of(const Layout& layout, std::string_view claim);

struct Holding {
  Capability capability;
  Grant grant;
  Place place;
  double decide_seconds = 0;  // allocate and the steps' order alone
  double locked_seconds = 0;  // resctrl's flock held
};

// Gives the claim its ways, or says why not; on an error all is as before. A claim that has them
// keeps them where it asks for the same in the same domains (made again where somebody removed or
// changed the group), else it is refused. RMIDs in limbo (EBUSY) are waited for, without the lock,
// for up to 10 s. Where one is left the claim has no monitor group, and is alone in its group,
// whose figures are its own; where none is left, that is a refusal.
std::variant<Holding, Refusal> take(const Resctrl& resctrl, int state_dir, const std::string& claim,
                                    const std::string& purpose, Wish wish, const Rules& rules);

// Its group or its part of one goes, the default grows. Tasks still in it are not looked at: the
// caller did.
void give_back(const Resctrl& resctrl, int state_dir, const std::string& claim);

// A place with its directories open: what moves a thread there costs two writes.
struct OpenPlace {
  Group group;
  std::optional<Group> monitor;
  // False where the thread is gone.
  bool add(pid_t tid) const;
};
// Throws Error (ENOENT) where one of them is not there.
OpenPlace open_place(const Resctrl& resctrl, const Place& place);

// A monitor group of its own for a part of the claim, a step: `job_12.0`. Nothing where the monitor
// groups that are left may be wanted by other claims, or there are none.
std::optional<Place> make_part(const Resctrl& resctrl, const Place& place, const std::string& part);
// Whoever is still in it is the claim's as before, but not counted with it.
void remove_part(const Resctrl& resctrl, const Place& part);

// Says whether a claim's holder still lives.
using IsAlive = std::function<bool(const std::string& claim)>;

// Brings ledger and kernel together after a crash: what the journal says is undone or finished,
// claims that are not alive are released (their tasks first killed where `kill_tasks`), groups of
// the living that somebody removed or changed are made again, groups with our prefix that are in no
// ledger removed, strangers' left alone. Returns one line for each thing done. `alive` is asked
// under the lock, so that a claim taken while it looks is seen. RMIDs in limbo are waited for,
// without the lock, for up to 10 s.
std::vector<std::string> reconcile(const Resctrl& resctrl, int state_dir, const IsAlive& alive,
                                   bool kill_tasks);
// The same with the names of the living. Right only where nobody can take anything between the
// making of that list and this call.
std::vector<std::string> reconcile(const Resctrl& resctrl, int state_dir,
                                   const std::vector<std::string>& alive, bool kill_tasks);

}  // namespace berth::rdt
