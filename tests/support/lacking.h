// Why a test cannot run on this machine, for the line of its skip: the thing and what the kernel
// says of it. Empty where nothing is missing.
#pragma once

#include <string>

namespace berth::test {

// A file that must be readable: `/sys/fs/resctrl/schemata: no such file or directory`.
std::string lacks_file(const std::string& path);
// A program in PATH.
std::string lacks_program(const std::string& name);
// A program of the build's that `compiler` makes where it is installed. Throws Error where the
// compiler is there and the program is not: that is a broken build, and no reason to skip.
std::string lacks_built(const std::string& path, const std::string& compiler);
// The kernel's resctrl.
std::string lacks_resctrl();

}  // namespace berth::test
