#include "runtime/rootfs/device_nodes.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "runtime/process/id_map.h"
#include "runtime/rootfs/tree.h"

namespace berth::runtime::rootfs {
namespace {

bool host_has(const spec::Device& device) {
  struct stat st {};
  return ::lstat(device.path.c_str(), &st) == 0 && (st.st_mode & S_IFMT) == type_bits(device) &&
         st.st_rdev == number_of(device);
}

bool needs_own(const spec::Device& device) {
  if (device.type == 'p') return false;  // anybody may make one
  return device.file_mode || device.uid || device.gid || !host_has(device);
}

// The container's root where nothing is said; who does not exist inside cannot own it.
uint32_t host_owner(const std::vector<spec::IdMapping>& map, std::optional<uint32_t> id) {
  return process::host_id(map, id.value_or(0)).value_or(0);
}

// False where this process may not.
bool make_node(int dir, const std::string& name, const spec::Device& device,
               const spec::Linux& container) {
  if (::mknodat(dir, name.c_str(), type_bits(device), number_of(device)) < 0) {
    if (errno == EPERM) return false;
    throw Error("mknod", device.path, errno);
  }
  check(::fchownat(dir, name.c_str(), host_owner(container.uid_mappings, device.uid),
                   host_owner(container.gid_mappings, device.gid), AT_SYMLINK_NOFOLLOW),
        "chown", device.path);
  check(::fchmodat(dir, name.c_str(), device.file_mode.value_or(0666), 0), "chmod", device.path);
  return true;
}

class WorkingDirectory {
 public:
  explicit WorkingDirectory(int dir) : before_(open_file(AT_FDCWD, ".", O_PATH | O_DIRECTORY)) {
    check(::fchdir(dir), "change to", "devices");
  }
  ~WorkingDirectory() { (void)!::fchdir(before_.get()); }
  WorkingDirectory(const WorkingDirectory&) = delete;
  WorkingDirectory& operator=(const WorkingDirectory&) = delete;

 private:
  UniqueFd before_;
};

}  // namespace

mode_t type_bits(const spec::Device& device) {
  return device.type == 'b' ? S_IFBLK : device.type == 'p' ? S_IFIFO : S_IFCHR;
}

dev_t number_of(const spec::Device& device) {
  return device.type == 'p'
             ? 0
             : ::makedev(static_cast<unsigned>(device.major), static_cast<unsigned>(device.minor));
}

DeviceNodes DeviceNodes::make(const std::vector<spec::Device>& devices,
                              const spec::Linux& container) {
  DeviceNodes nodes;
  for (const spec::Device& device : devices) {
    if (!needs_own(device)) continue;
    try {
      if (!nodes.tmpfs_) nodes.tmpfs_ = new_filesystem("tmpfs", "devices", {{"mode", "755"}}, 0);
      const std::string name = std::to_string(nodes.paths_.size());
      if (!make_node(nodes.tmpfs_.get(), name, device, container)) continue;
      nodes.paths_.push_back(device.path);
    } catch (const Error& e) {
      if (!nodes.tmpfs_ && e.code() == EPERM) return nodes;
      throw e.within("device '" + device.path + "'");
    }
  }
  return nodes;
}

// A copy is taken of an attached mount, since older kernels (before 6.15) copy no detached one.
void DeviceNodes::open_at(int place) {
  if (paths_.empty()) return;
  attach(tmpfs_.get(), place, "devices");
  const WorkingDirectory there(tmpfs_.get());
  for (size_t i = 0; i < paths_.size(); ++i) {
    nodes_[paths_[i]] = clone_tree(tmpfs_.get(), std::to_string(i), false);
  }
  check(::umount2(".", MNT_DETACH), "umount", "devices");
}

UniqueFd DeviceNodes::take(const std::string& path) {
  const auto found = nodes_.find(path);
  return found == nodes_.end() ? UniqueFd() : std::move(found->second);
}

}  // namespace berth::runtime::rootfs
