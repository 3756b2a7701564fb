#include "runtime/cgroup/directory.h"

#include <cerrno>

#include "base/error.h"
#include "runtime/cgroup/group.h"

namespace berth::runtime::cgroup {

std::string_view name_on_v2(std::string_view v1_name) {
  return v1_name == "blkio" ? "io" : v1_name;
}

std::optional<Version> version_of(const Hierarchy& hierarchy, std::string_view controller) {
  if (hierarchy.v1_of(controller) != nullptr) return Version::v1;
  if (hierarchy.v2_has(name_on_v2(controller))) return Version::v2;
  return std::nullopt;
}

std::optional<UniqueFd> find_directory(const Hierarchy& hierarchy, std::string_view controller,
                                       const std::string& path) {
  Site site;
  if (const V1Mount* const v1 = controller.empty() ? nullptr : hierarchy.v1_of(controller)) {
    site.mount = v1->path;
  } else if (!hierarchy.v2.empty() &&
             (controller.empty() || hierarchy.v2_has(name_on_v2(controller)))) {
    site.mount = hierarchy.v2;
  } else {
    return std::nullopt;
  }
  return open_group(site, components(path));
}

UniqueFd open_directory(const Hierarchy& hierarchy, std::string_view controller,
                        const std::string& path) {
  auto group = find_directory(hierarchy, controller, path);
  if (!group) throw Error("open cgroup", path, ENOENT);
  return std::move(*group);
}

}  // namespace berth::runtime::cgroup
