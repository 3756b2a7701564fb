// Which ids exist in the user namespace of this process: a file system is not given one that does
// not (`gid=5` of /dev/pts where only the user is mapped).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace berth::runtime::rootfs {

class IdMap {
 public:
  // `text` as in /proc/PID/uid_map.
  explicit IdMap(std::string_view text);
  bool contains(uint32_t id) const;

  static IdMap of_users();  // of this process, now
  static IdMap of_groups();

 private:
  struct Range {
    uint32_t first, size;
  };
  std::vector<Range> ranges_;
};

}  // namespace berth::runtime::rootfs
