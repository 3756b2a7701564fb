// process.env as the program gets it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace berth::runtime::process {

// Of variables with one name the last stays. HOME, where it is missing or empty, is what the
// container's /etc/passwd says for this uid, or `/`: after the pivot.
std::vector<std::string> complete_environment(std::vector<std::string> env, uid_t uid);

}  // namespace berth::runtime::process
