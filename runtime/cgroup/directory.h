// A group's directory in the hierarchy that has a controller, for those who write other control
// files than Limits has.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "runtime/cgroup/hierarchy.h"

namespace berth::runtime::cgroup {

enum class Version { v1, v2 };

// What the same controller is called on v2: `io` for `blkio`.
std::string_view name_on_v2(std::string_view v1_name);
// Where a controller (by its v1 name) is: v1 first. Nothing where it is nowhere.
std::optional<Version> version_of(const Hierarchy& hierarchy, std::string_view controller);

// The group's directory there; an empty controller is v2 itself. Throws where the group is missing.
UniqueFd open_directory(const Hierarchy& hierarchy, std::string_view controller,
                        const std::string& path);
// Nothing where the controller or the group is missing.
std::optional<UniqueFd> find_directory(const Hierarchy& hierarchy, std::string_view controller,
                                       const std::string& path);

}  // namespace berth::runtime::cgroup
