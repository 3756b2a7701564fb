// Devices for a container in a user namespace, where the kernel refuses mknod(2): made on the host
// by who may, on a tmpfs that nobody sees, and shown inside by bind mounts.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::rootfs {

// What mknod(2) takes. Type `p` has no number.
mode_t type_bits(const spec::Device& device);
dev_t number_of(const spec::Device& device);

class DeviceNodes {
 public:
  // On the host: nodes for those devices that it lacks or that have a mode or an owner of their
  // own. None where this process may not make them; the host's own serve then. `container`: whose
  // ids the owners are.
  static DeviceNodes make(const std::vector<spec::Device>& devices, const spec::Linux& container);

  // In the container's mount namespace, before take: the tmpfs is for a moment on top of `place`, a
  // directory.
  void open_at(int place);
  // A detached mount of a node alone; empty where there is none.
  UniqueFd take(const std::string& path);

 private:
  UniqueFd tmpfs_;
  std::vector<std::string> paths_;         // in the tmpfs a node's name is its index here
  std::map<std::string, UniqueFd> nodes_;  // by path, from open_at on
};

}  // namespace berth::runtime::rootfs
