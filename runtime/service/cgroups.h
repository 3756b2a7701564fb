// The cgroups of a bundle's runtime.json.
#pragma once

#include <optional>
#include <string>

#include "runtime/service/acts.h"

namespace berth::runtime::service {

// Makes it in every hierarchy that lacks it, also in those that no controller of a container's is
// in. In the log is what it makes; nothing where it is everywhere already. Throws Error.
void make_cgroup(const std::string& path, ActLog& log);

// Removes what was made for it, and of what is above it what nobody else is in. A line where it is
// in use.
std::optional<std::string> take_back_cgroup(const Act& act);

}  // namespace berth::runtime::service
