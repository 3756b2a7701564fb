// Where the program starts.
#pragma once

#include <string>

namespace berth::runtime::process {

// `preferred` (may be empty) is tried first; where it cannot be entered, `cwd` is taken unless
// `required`. The directory must lie below the container's root: a descriptor leaked from the host
// could lead out of it (CVE-2024-21626).
void enter_working_directory(const std::string& preferred, bool required, const std::string& cwd);

}  // namespace berth::runtime::process
