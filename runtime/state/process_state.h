// What a seccomp agent is told (runtime-spec, config-linux.md, "The Container Process State").
#pragma once

#include <sys/types.h>

#include <string>

namespace berth::runtime {

// One descriptor goes with it, the seccomp listener. `pid` as the maker counts; `state` is the
// container's as state_json gives it, whose version of the specification is taken.
std::string process_state_json(pid_t pid, const std::string& metadata, const std::string& state);

}  // namespace berth::runtime
