// The kernel's resctrl tree, by descriptor. Writes are one write(2) each and are read back.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "rdt/capability.h"
#include "rdt/monitoring.h"
#include "rdt/schemata.h"

namespace berth::rdt {

// The three calls in which resctrl does more than a directory of files would: a new group comes
// with its files and its first masks, a group goes with its files in it, written lines change what
// they name and leave the rest. Tests that stand a directory in for it bring their own; each gives
// 0, or -1 with errno, as the system call does.
struct TreeCalls {
  std::function<int(int root, const char* name)> make_group;     // mkdirat(2)
  std::function<int(int root, const char* name)> remove_group;   // unlinkat(2), AT_REMOVEDIR
  std::function<int(int group, std::string_view lines)> assign;  // one write(2) to `schemata`
  static TreeCalls kernel();
};

class Resctrl;

// A control group; the default one has the name "". A failed write's Error carries errno and, as a
// hint, info/last_cmd_status.
class Group {
 public:
  const std::string& name() const { return name_; }
  Schemata schemata() const;
  // One multi-line write, then read back: throws where the kernel holds another value. A bandwidth
  // figure may come back larger: the hardware rounds it up to its granularity.
  void write(const Schemata& schemata) const;
  // Moves one thread; false where it is gone (ESRCH).
  bool add_task(pid_t tid) const;
  std::vector<pid_t> tasks() const;
  std::vector<DomainFigures> figures() const;
  // `shareable`, `exclusive`, ...; the second is taken by the kernel where the group's masks
  // overlap nobody's, in no domain and no cache.
  std::string mode() const;
  void set_mode(std::string_view mode) const;
  // A group in its mon_groups, whose figures are of its tasks alone (mkdir, EBUSY as for control
  // groups but not retried). Whoever joins it must be in this group already.
  Group make_monitor(const std::string& name) const;
  std::optional<Group> find_monitor(const std::string& name) const;
  std::vector<std::string> monitor_names() const;  // empty where nothing is monitored
  // rmdir; its tasks stay in this group. False where there is none.
  bool remove_monitor(const std::string& name) const;

 private:
  friend class Resctrl;
  Group(const Resctrl& owner, UniqueFd dir, std::string name);
  Group(const Group& owner, UniqueFd dir, std::string name);
  int root_;                // Resctrl's: a Group does not outlive it
  const TreeCalls* calls_;  // Resctrl's too
  UniqueFd dir_;
  std::string name_;
};

class Resctrl {
 public:
  // Nothing where no resctrl is mounted there (checked by RDTGROUP_SUPER_MAGIC).
  static std::optional<Resctrl> open(const std::string& path = "/sys/fs/resctrl");
  // For tests: any directory that looks like one.
  explicit Resctrl(UniqueFd root, TreeCalls calls = TreeCalls::kernel(), MountOptions options = {});

  int root() const { return root_.get(); }
  const MountOptions& options() const { return options_; }
  Capability capability() const;
  Group default_group() const;
  std::vector<std::string> group_names() const;  // control groups but the default one
  std::optional<Group> find(const std::string& name) const;
  // mkdir; EBUSY (RMIDs in limbo) is retried for up to `patience`: give none under the lock. ENOSPC
  // is thrown with the count of groups and the limit.
  Group create(const std::string& name,
               std::chrono::milliseconds patience = std::chrono::seconds(10)) const;
  // rmdir; false where there is none. Tasks in it fall back to the default group: look first.
  bool remove(const std::string& name) const;

  // The kernel document's advisory lock: flock(2) on the root, taken with LOCK_NB and backoff, to
  // be held for less than 100 ms (libpqos gives up after that).
  class Lock {
   public:
    Lock(Lock&&) = default;
    Lock& operator=(Lock&&) = delete;
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    ~Lock();

   private:
    friend class Resctrl;
    explicit Lock(UniqueFd fd);
    UniqueFd fd_;  // an open file of its own
  };
  [[nodiscard]] Lock lock(std::chrono::milliseconds patience = std::chrono::seconds(5)) const;

 private:
  friend class Group;
  UniqueFd root_;
  MountOptions options_;
  std::unique_ptr<const TreeCalls> calls_;  // its address outlives a move
};

}  // namespace berth::rdt
