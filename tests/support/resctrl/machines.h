// The machines that the emulator is compared with a kernel on: boots of tests/vm, see
// tests/rdt/CMakeLists.txt.
#pragma once

#include <map>
#include <string>

#include "tests/support/resctrl/target.h"

namespace berth::test::resctrl {

std::map<std::string, Processor> machines();

// The one whose info files read as the target's do, to the letter. Empty, and all of them printed,
// where there is none.
std::string machine_of(Target& target);

// Empty, or why the resctrl at `path` cannot be played with: there is none, or somebody uses it.
std::string why_not_kernel(const std::string& path);

}  // namespace berth::test::resctrl
