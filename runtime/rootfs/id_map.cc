#include "runtime/rootfs/id_map.h"

#include <fcntl.h>

#include <sstream>
#include <string>

#include "base/file.h"

namespace berth::runtime::rootfs {

IdMap::IdMap(std::string_view text) {
  std::istringstream lines{std::string(text)};
  uint32_t inside = 0;
  uint32_t outside = 0;
  uint32_t size = 0;
  while (lines >> inside >> outside >> size) ranges_.push_back({.first = inside, .size = size});
}

bool IdMap::contains(uint32_t id) const {
  for (const Range& range : ranges_) {
    if (id >= range.first && id - range.first < range.size) return true;
  }
  return false;
}

IdMap IdMap::of_users() {
  return IdMap(read_file(AT_FDCWD, "/proc/self/uid_map"));
}

IdMap IdMap::of_groups() {
  return IdMap(read_file(AT_FDCWD, "/proc/self/gid_map"));
}

}  // namespace berth::runtime::rootfs
