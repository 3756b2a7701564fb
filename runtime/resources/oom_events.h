// Tells when the kernel has killed for want of memory in a group: a descriptor to poll. v1: an
// eventfd on memory.oom_control; v2: inotify on memory.events.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "runtime/cgroup/hierarchy.h"

namespace berth::runtime::resources {

class OomEvents {
 public:
  // Throws where the group has no memory controller.
  OomEvents(const cgroup::Hierarchy& hierarchy, const std::string& path);

  // Readable when there is something to look at.
  int fd() const { return events_.get(); }
  // Whether there was a kill since the last call (or since the construction). Never waits.
  bool take();

 private:
  uint64_t kills() const;

  bool v2_;
  UniqueFd group_, events_;
  uint64_t seen_ = 0;
};

}  // namespace berth::runtime::resources
