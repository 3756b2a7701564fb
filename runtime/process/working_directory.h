// Where the program starts.
#pragma once

#include <string>

namespace berth::runtime::process {

// With the rights that this process has before it becomes the program's user, who need not reach
// `cwd`. False where they do not suffice: the user's own may.
bool enter_working_directory_early(const std::string& cwd);

// `preferred` (may be empty) is tried first; where it cannot be entered, `cwd` is taken unless
// `required`. The directory must lie below the container's root: a descriptor leaked from the host
// could lead out of it (CVE-2024-21626).
void enter_working_directory(const std::string& preferred, bool required, const std::string& cwd);

}  // namespace berth::runtime::process
