// Where the program starts.
#pragma once

#include <string>

namespace berth::runtime::process {

// Makes process.cwd where the image has none, as other runtimes do. After the pivot, before the
// change of user. A tree that cannot be written keeps its lack: entering then says so.
void make_working_directory(const std::string& cwd);

// `preferred` (may be empty) is tried first; where it cannot be entered, `cwd` is taken unless
// `required`. The directory must lie below the container's root: a descriptor leaked from the host
// could lead out of it (CVE-2024-21626).
void enter_working_directory(const std::string& preferred, bool required, const std::string& cwd);

}  // namespace berth::runtime::process
