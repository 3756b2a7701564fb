// linux.intelRdt: the only place of the runtime that knows of resctrl. Private to this folder.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "runtime/spec/spec.h"
#include "runtime/state/state.h"

namespace berth::runtime {

// Throws Error where resctrl is not mounted, or refuses; nothing is left behind then.
CacheGroup make_cache_group(const spec::IntelRdt& wish, const std::string& id);
// A process that has one thread; those that it makes from then on follow.
void join_cache_group(const CacheGroup& group, pid_t pid);
// What is the container's alone of it.
void remove_cache_group(const CacheGroup& group);
// All that make_cache_group made.
void undo_cache_group(const CacheGroup& group);
// Throws Error where the group is not one that was made for the container. `lines` are of a
// schemata file.
void update_cache_group(const CacheGroup& group, const std::vector<std::string>& lines);

}  // namespace berth::runtime
