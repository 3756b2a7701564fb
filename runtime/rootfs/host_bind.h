// What a launcher adds to the bundle's own mounts.
#pragma once

#include <string>

namespace berth::runtime {

// A directory or file of the host shown in the container.
struct HostBind {
  std::string source, destination;
  bool readonly = false;
  bool optional = false;  // skipped where the source does not exist
};

}  // namespace berth::runtime
