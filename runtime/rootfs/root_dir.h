// The only way to a path below the root file system. The tree belongs to the user and is hostile:
// its symbolic links are taken as they would be inside, they never lead out of it.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <optional>
#include <string>

#include "base/fd.h"
#include "runtime/rootfs/descent.h"

namespace berth::runtime::rootfs {

// Where a descriptor is in this process' mount namespace; empty where /proc does not say.
std::string path_of(int fd);

class RootDir {
 public:
  explicit RootDir(UniqueFd dir) : dir_(std::move(dir)) {}
  int fd() const { return dir_.get(); }

  // openat2 in the root, magic links refused. O_CLOEXEC is added.
  UniqueFd open(const std::string& path, int flags = O_PATH) const;
  // A directory whose path has no symbolic link in it, by one call; -1 and errno otherwise. O_PATH.
  int open_plain_dir(const std::string& path) const;
  // The same, and it is made where only the last name of the path is missing; nothing where the
  // path is any other.
  struct PlainDir {
    UniqueFd fd;
    bool was_there = false;
  };
  std::optional<PlainDir> make_plain_dir(const std::string& path, mode_t mode = 0755) const;
  // Nothing where there is no such path.
  std::optional<UniqueFd> open_if_exists(const std::string& path, int flags = O_PATH) const;

  // Goes down component by component, each opened once and held, and makes what is missing; also
  // what a dangling link inside points to. Gives an O_PATH descriptor.
  UniqueFd make_dirs(const std::string& path, Last last = Last::follow, mode_t mode = 0755) const;
  // The same for an empty file; a file that is there is taken whatever its type, but a directory.
  UniqueFd make_file(const std::string& path, Last last = Last::follow, mode_t mode = 0644) const;
  // A symbolic link, and the directories to it. One that is there must say the same.
  void make_link(const std::string& path, const std::string& target) const;

 private:
  UniqueFd dir_;
};

}  // namespace berth::runtime::rootfs
