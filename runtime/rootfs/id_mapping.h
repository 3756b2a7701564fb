// Id-mapped mounts: whose ids a bind mount shows in place of those that its files have. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/spec/spec.h"

namespace berth::runtime::rootfs {

// `0-1000-1`: ids of the file system from 0 on are 1000 and so on, one of them. With an `@` before
// it the second number is an id of the container, not of the host.
struct IdRange {
  spec::IdMapping mapping;
  bool of_container = false;
  bool operator==(const IdRange&) const = default;
};

// What the option says: `idmap`, `ridmap` (also of the mounts below), or with a mapping of its own
// `idmap=uids=0-1000-1#1-2000-5;gids=0-1000-1`.
struct IdMapOption {
  bool recursive = false;
  std::vector<IdRange> uids = {}, gids = {};
  bool operator==(const IdMapOption&) const = default;
};
// `text`: what is behind `idmap=`. Throws Error.
IdMapOption parse_id_ranges(std::string_view text);

// Of one mount, with ids of the host.
struct MountIdMap {
  std::vector<spec::IdMapping> uids = {}, gids = {};
  std::string user_namespace = {};  // a path: its maps instead
  bool recursive = false;
  bool operator==(const MountIdMap&) const = default;
};

// In this order: the mount's uidMappings and gidMappings, the option's, those of the container's
// user namespace. Throws Error where there are none, or two.
MountIdMap id_map_of(const spec::Mount& mount, const IdMapOption& option, const spec::Spec& spec);

}  // namespace berth::runtime::rootfs
