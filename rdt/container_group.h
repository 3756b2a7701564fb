// The group of a container that its configuration asks for: who makes it, who only compares, who
// removes it (runtime-spec, config-linux.md, "IntelRdt").
#pragma once

#include <sys/types.h>

#include <string>

#include "rdt/resctrl.h"

namespace berth::rdt {

struct ContainerWish {
  std::string closid;  // the group's name; `/`: the default group; empty: one named as `container`
  Schemata schemata;   // empty: no schemata file is written
  bool monitor = false;  // a monitor group in it, named as `container`
};

struct ContainerGroup {
  std::string name;           // empty: the default group
  std::string monitor;        // empty: none
  bool made = false;          // by this call
  bool goes_with_it = false;  // with the container: it was made, and has its name
};

// A group that is there is only compared: values of caches must be equal, bandwidths equal once
// they are rounded up as the kernel does. A `closid` without schemata must be there. Throws Error,
// and leaves nothing behind then. RMIDs in limbo (EBUSY) are waited for, for up to 10 s.
ContainerGroup make_container_group(const Resctrl& resctrl, const std::string& container,
                                    const ContainerWish& wish);

// Moves a process that has one thread. Throws Error where the group is gone, or the process.
void add_process(const Resctrl& resctrl, const ContainerGroup& group, pid_t pid);

// Removes what goes with the container; what is gone already is no error.
void remove_container_group(const Resctrl& resctrl, const ContainerGroup& group);
// Removes all that make_container_group made: for who could not use it.
void undo_container_group(const Resctrl& resctrl, const ContainerGroup& group);

}  // namespace berth::rdt
