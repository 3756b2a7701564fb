// A container's cgroup as a unit of systemd's. systemd makes a scope only around a process: the
// container's first one, which waits meanwhile. Limits are properties of the unit and, the same
// values, control files: all of them at the moment that late limits have.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "runtime/cgroup/hierarchy.h"
#include "runtime/spec/spec.h"
#include "runtime/state/state.h"
#include "runtime/systemd/manager.h"
#include "runtime/systemd/unit_name.h"

namespace berth::runtime {

class Unit {
 public:
  // What can be refused before anything is made: the name, annotations, a host without systemd.
  Unit(const spec::Spec& spec, const std::string& id);

  // Where its cgroup will be, below the hierarchies' roots. Asks systemd where its own is.
  std::string expected_cgroup();
  // Makes the unit and moves the process into it. The record gets its unit and its cgroup.
  void start(pid_t pid, Record& record);
  // linux.resources, all but the devices that `start` has seen to.
  void limit(const cgroup::Hierarchy& hierarchy, const Record& record);

 private:
  std::vector<systemd::Property> properties(pid_t pid, const cgroup::Hierarchy& hierarchy) const;
  std::string cgroup_of_process(pid_t pid, const cgroup::Hierarchy& hierarchy);
  systemd::Manager& manager();  // connected when it is first wanted

  systemd::UnitName name_;
  std::string id_;
  std::vector<systemd::Property> annotated_;
  std::optional<uid_t> owner_;  // whose the group is, where that is not root
  spec::Resources resources_;
  std::optional<systemd::Manager> manager_;
};

// linux.resources in force for a container that lives, whoever made its cgroup.
void apply_resources(const cgroup::Hierarchy& hierarchy, const Record& record,
                     const spec::Resources& resources);

// The end of a container's unit and of what is in it. Nothing happens where it has none.
void stop_unit(const Record& record);

// Whether this process' children get into the container's cgroup by attach_to_unit alone: a user's
// may not leave his session's by themselves for one that his systemd has made.
bool needs_attach(const cgroup::Hierarchy& hierarchy, const Record& record);
// Moves a process into the unit's cgroup, or into the first of `groups` (`/below/it`, empty for
// itself) that takes one.
void attach_to_unit(const Record& record, const std::vector<std::string>& groups, pid_t pid);

}  // namespace berth::runtime
