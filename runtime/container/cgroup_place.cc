#include "runtime/container/cgroup_place.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "runtime/cgroup/delegation.h"
#include "runtime/cgroup/freezer.h"
#include "runtime/cgroup/node.h"
#include "runtime/container/container.h"
#include "runtime/process/id_map.h"
#include "runtime/process/user_namespace.h"
#include "runtime/resources/settings.h"

namespace berth::runtime {
namespace {

constexpr const char* kNone = "no cgroup is delegated to this user";

bool is_own(const spec::Namespace* ns) {
  return ns != nullptr && ns->path.empty();
}

std::string trimmed(std::string path) {
  while (path.starts_with('/')) path.erase(0, 1);
  while (path.ends_with('/')) path.pop_back();
  return path;
}

// Of what is above an absolute path, what is not there yet goes with the container; in our own tree
// all of it does.
cgroup::Tops tops_above(const std::string& path, cgroup::ControllerSet set,
                        std::optional<cgroup::Hierarchy>& hierarchy) {
  if (path.starts_with(std::string(kCgroupTree) + "/")) return {kCgroupTree, {}};
  hierarchy = cgroup::detect(set);
  return cgroup::missing_parents(*hierarchy, path);
}

// What a container's group in our own tree is called: as the container, which is where people and
// other runtimes' tools look for it, unless something else there is called so: a job's or a
// launch's group, a control file, which has a dot in its name or is one of v1's.
std::string group_name(const std::string& id) {
  constexpr std::string_view kPrefix = "container_";
  constexpr auto kOthers = std::to_array<std::string_view>({"job_", "launch_", kPrefix});
  constexpr auto kFiles =
      std::to_array<std::string_view>({"tasks", "notify_on_release", "release_agent"});
  const bool taken =
      id.find('.') != std::string::npos || std::ranges::find(kFiles, id) != kFiles.end() ||
      std::ranges::any_of(kOthers, [&](std::string_view prefix) { return id.starts_with(prefix); });
  return taken ? std::string(kPrefix) + id : id;
}

// linux.cgroupsPath: absolute is below the hierarchies' roots, relative below `tree`.
std::string path_in(const std::string& tree, const std::string& wanted, const std::string& id) {
  if (wanted.empty()) return tree + "/" + group_name(id);
  return wanted.starts_with('/') ? trimmed(wanted) : tree + "/" + trimmed(wanted);
}

// On v2, below what is ours of it.
CgroupPlace place_delegated(const cgroup::Hierarchy& hierarchy, const std::string& wanted,
                            const std::string& id, bool required) {
  CgroupPlace place;
  place.rootless = true;
  place.required = required;
  const auto delegation =
      cgroup::find_delegation(hierarchy, read_file(AT_FDCWD, "/proc/self/cgroup"));
  if (delegation) {
    place.tree = delegation->path + (delegation->path.empty() ? "" : "/") + kCgroupTree;
    place.occupied = delegation->occupied && !wanted.starts_with('/');
  } else if (!wanted.starts_with('/')) {
    if (!required) return place;
    throw Error(wanted.empty() ? "--rootless false: " + std::string(kNone)
                               : "config.json: linux.cgroupsPath: '" + wanted + "': " + kNone);
  }
  place.is_delegated = true;
  place.path = path_in(place.tree, wanted, id);
  std::optional<cgroup::Hierarchy> seen;
  place.tops = wanted.starts_with('/')
                   ? tops_above(place.path, cgroup::ControllerSet::delegated, seen)
                   : cgroup::Tops{place.tree, {}};
  return place;
}

}  // namespace

CgroupPlace place_cgroup(const spec::Spec& spec, const std::string& id, Rootless rootless) {
  const std::string& wanted = spec.linux_.cgroups_path;
  const bool root = ::geteuid() == 0;
  const bool real_root = root && process::in_initial_user_namespace();
  const bool required = !wanted.empty() || rootless == Rootless::no;
  if (!real_root) {
    const auto hierarchy = cgroup::detect(cgroup::ControllerSet::container);
    // v1 is nobody's but root's; who is root in a user namespace alone may have been given it.
    if (!root || hierarchy.v1.empty()) return place_delegated(hierarchy, wanted, id, required);
  }
  CgroupPlace place;
  place.tree = kCgroupTree;
  place.required = required;
  place.rootless = rootless == Rootless::yes || (!real_root && rootless != Rootless::no);
  place.path = path_in(place.tree, wanted, id);
  place.tops = wanted.starts_with('/')
                   ? tops_above(place.path, cgroup::ControllerSet::container, place.hierarchy)
                   : cgroup::Tops{place.tree, {}};
  return place;
}

void refuse_resources(const spec::Resources& wished, const CgroupPlace& place, bool has_cgroup) {
  const std::string why = !has_cgroup ? std::string(" takes a cgroup, and ") + kNone
                                      : " takes a controller, and cgroup '/" + place.tree +
                                            "' gets none: it is in one that has processes";
  const auto refuse = [&](const std::string& key, const std::string& value) {
    throw Error("config.json: " + key + ": " + value + why);
  };
  const auto limit = [&](const char* key, const std::optional<int64_t>& value) {
    if (value && *value >= 0) refuse(std::string("linux.resources.") + key, std::to_string(*value));
  };
  if (wished.memory_limit != 0) limit("memory.limit", wished.memory_limit);
  if (wished.memory_swap != 0) limit("memory.swap", wished.memory_swap);
  limit("pids.limit", wished.pids_limit);
  for (const auto& settings : {resources::v2_settings(wished), resources::v1_settings(wished)}) {
    for (const resources::Setting& setting : settings) {
      const bool of_every_group = setting.choices.front().file.starts_with("cgroup.");
      if (setting.optional || (has_cgroup && of_every_group)) continue;
      refuse(setting.key, "'" + setting.choices.front().value + "'");
    }
  }
}

void require_unused(const cgroup::Hierarchy& hierarchy, const std::string& path) {
  if (!cgroup::processes(hierarchy, path).empty()) {
    throw Error("container's cgroup is not empty: '" + path + "' has processes in it");
  }
  // The first process would stop as it joins, and nobody could tell why.
  if (cgroup::is_frozen(hierarchy, path)) {
    throw Error("container's cgroup unexpectedly frozen: '" + path + "'");
  }
}

std::optional<uid_t> owner_of_cgroup(const spec::Spec& spec) {
  using spec::NamespaceType;
  if (!spec.process || !is_own(spec.find_namespace(NamespaceType::user)) ||
      !is_own(spec.find_namespace(NamespaceType::cgroup))) {
    return std::nullopt;
  }
  const auto is_writable = [](const spec::Mount& mount) {
    return (mount.type == "cgroup" || mount.type == "cgroup2") &&
           std::ranges::find(mount.options, "ro") == mount.options.end();
  };
  if (std::ranges::none_of(spec.mounts, is_writable)) return std::nullopt;
  return process::host_id(spec.linux_.uid_mappings, spec.process->user.uid);
}

}  // namespace berth::runtime
