// Where a new container's cgroup is to be, if it may have one at all. Private to this folder.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "runtime/cgroup/node.h"
#include "runtime/container/create_request.h"
#include "runtime/spec/spec.h"
#include "runtime/state/state.h"

namespace berth::runtime {

struct CgroupPlace {
  std::string path;           // Record::cgroup; empty: none
  std::string tree;           // where relative paths begin
  cgroup::Tops tops;          // Record::cgroup_tops
  bool is_delegated = false;  // Record::delegated
  // The host's rules stand above this process: what it may not do is not done, and is an error only
  // where the configuration asks for it.
  bool rootless = false;
  bool required = false;  // there is a linux.cgroupsPath, or the caller says that it has the rights
  bool occupied = false;  // no controllers: processes are where the group is made
  std::optional<cgroup::Hierarchy> hierarchy;  // as hierarchy_of, where it was looked at
};

// Throws Error where a cgroup is required and may not be had.
CgroupPlace place_cgroup(const spec::Spec& spec, const std::string& id, Rootless rootless);

// Throws Error for the first of linux.resources that the cgroup (`has_cgroup`), having no
// controllers, or its absence does not allow. Devices are passed over, and limits that limit
// nothing.
void refuse_resources(const spec::Resources& wished, const CgroupPlace& place, bool has_cgroup);

// A container gets a cgroup for itself, in which processes can run: throws Error where there is one
// of that path with processes in it, or a frozen one. In words of runc's that drivers look for.
void require_unused(const cgroup::Hierarchy& hierarchy, const std::string& path);

// Who is to own the cgroup (runtime-spec, config-linux.md, "Cgroup ownership"): the process' user,
// where the container can see its own cgroup and write to it. Nothing where it stays its maker's.
std::optional<uid_t> owner_of_cgroup(const spec::Spec& spec);

}  // namespace berth::runtime
