// Internal to the folder: which files a limit is written to, and what differs between cgroup v1 and
// v2: those files, and what a new group needs before it can be used.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "runtime/cgroup/group.h"
#include "runtime/cgroup/node.h"

namespace berth::runtime::cgroup {

// One write to one control file. An optional file's absence is no error.
struct Control {
  std::string controller, file, value;
  bool optional = false;
};

// The writes that these limits are in that hierarchy, in order.
std::vector<Control> controls(const Site& site, const Limits& limits);
// The same for descriptors that are written later, perhaps with other values: one write to a file,
// in an order that is right for a tighter value.
std::vector<Control> late_controls(const Site& site, const Limits& limits);
// Throws for the first limit whose controller is in no hierarchy. `path` is for the message.
void require_controllers(const std::vector<Site>& all, const Limits& limits,
                         const std::string& path);
// The control's file, open for writing; nothing where it is optional and not there. Throws where
// the group at `path` lacks the controller.
std::optional<UniqueFd> open_control(int group, const Control& control, const std::string& path);

namespace v1 {
// A memory limit is one of memory and swap together: no extra swap.
std::vector<Control> controls(const Limits& limits);
std::vector<Control> late_controls(const Limits& limits);
// Makes a group below `parent` usable: CPUs and memory nodes from the parent (a v1 cpuset starts
// empty and takes no task), memory accounted to the parents too. The top group of ours, which
// limits nothing itself, gets them anew each time: a v1 cpuset loses a CPU that goes offline (SMT
// switched off) and does not take it back.
enum class Inherit { anew, missing };
bool inherits(const Site& site);  // whether there is something to be done
void inherit(const Site& site, int parent, int group, Inherit how);
}  // namespace v1

namespace v2 {
// A memory limit comes with no swap.
std::vector<Control> controls(const Limits& limits);
// Gives the groups below `parent` these controllers: those that `parent` has itself and its
// subtree_control lacks. Failures are not an error yet: a limit that needs one finds its file
// missing.
void enable(int parent, const std::vector<std::string>& controllers);
}  // namespace v2

}  // namespace berth::runtime::cgroup
