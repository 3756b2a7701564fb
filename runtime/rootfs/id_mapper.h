// A process that stays in the host's user namespace, to map the ids of trees that there are only in
// a container that has its own: there nobody has the right to.
#pragma once

#include <string>

#include "base/fd.h"

namespace berth::runtime::rootfs {

class IdMapper {
 public:
  // Forks. The process ends when the last copy of this object is gone, in whichever process; nobody
  // waits for it.
  IdMapper();

  struct Request {
    int source = -1;          // in the caller's mount namespace
    int user_namespace = -1;  // whose maps are taken
    bool recursive = false;   // with the mounts below...
    bool map_below = false;   // ... which are mapped, too
  };
  // A detached and mapped copy of a tree. The host's /proc must be there. Throws Error; `name` is
  // for messages.
  UniqueFd copy(const Request& request, const std::string& name) const;

 private:
  UniqueFd socket_;
};

}  // namespace berth::runtime::rootfs
