// What the options of a mount say, in the words of fstab and of the runtimes before us. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/rootfs/id_mapping.h"

namespace berth::runtime::rootfs {

// Bits of a mount (MOUNT_ATTR_*) that are switched; the last word on a bit wins.
struct Attributes {
  uint64_t set = 0, clear = 0;
  bool empty() const { return set == 0 && clear == 0; }
  bool operator==(const Attributes&) const = default;
};

// `into`, and then `change`.
void merge(Attributes& into, const Attributes& change);

struct Propagation {
  uint64_t type = 0;  // MS_PRIVATE, MS_SLAVE, MS_SHARED or MS_UNBINDABLE
  bool recursive = false;
  bool operator==(const Propagation&) const = default;
};

struct MountOptions {
  Attributes attributes;            // of this mount
  Attributes recursive_attributes;  // `rro`, ...: of all mounts below it, too
  std::vector<Propagation> propagation;
  bool bind = false;
  bool recursive_bind = false;
  bool remount = false;
  bool copy_up = false;               // tmpcopyup: a tmpfs starts with what the image has there
  std::optional<IdMapOption> id_map;  // of a bind
  // Of a bind, where its source or its destination is a symbolic link: crun's options.
  bool copy_link = false;              // copy-symlink: a link like it is made
  bool source_link = false;            // src-nofollow: the link itself is bound
  bool over_destination_link = false;  // dest-nofollow: the link itself is covered
  // Everything else is the file system's own: `size=64m` or, with an empty value, a flag. Also the
  // switches of the file system itself: sync, dirsync, lazytime, mand.
  std::vector<std::pair<std::string, std::string>> data;
  bool operator==(const MountOptions&) const = default;
};

// Throws Error for an option that must not be passed over.
MountOptions parse_options(const std::vector<std::string>& options);

// Every word that parse_options gives a meaning of its own, and those of every file system; sorted.
std::vector<std::string> known_mount_options();

}  // namespace berth::runtime::rootfs
