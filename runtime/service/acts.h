// What was done for a service, act by act, in its container's folder: so that delete, or whoever
// comes after a crash, can take it back in the opposite order.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/fd.h"

namespace berth::runtime::service {

struct Act {
  enum class Kind {
    cgroup,
    directory,
    file,
    mount,
    make_interface,  // on the host
    move_interface,  // of the host's, to the container
  };
  Kind kind = Kind::directory;
  std::string path = {};
  // Of a mount: what the place was part of before (statx(2), stx_mnt_id). Where it is so still, the
  // mount was never made, or is gone already.
  uint64_t mount_before = 0;
  // Of a cgroup: where a hierarchy is mounted -> the topmost group that was made there, it or one
  // above it. Where it was before there is nothing.
  std::map<std::string, std::string> made = {};
  // Of an interface, whose name is the path: the kernel's number of one that is made (0: not yet);
  // the file that the network namespace of one that is moved is bound to, if it is.
  int index = 0;
  std::string network_namespace = {};
  bool operator==(const Act&) const = default;
};

// Throws Error. Each act is written down before it is done.
class ActLog {
 public:
  explicit ActLog(int folder);
  void about_to(const Act& act);

 private:
  UniqueFd file_;
};

// Empty where nothing was ever done.
std::vector<Act> read_acts(int folder);

}  // namespace berth::runtime::service
