// What this build is, for people and for the engines that show it.
#pragma once

#include <string>

namespace berth::launcher {

// The runtime specification that configurations are read by.
inline constexpr const char* kSpecVersion = "1.2.0";

// The lines that podman and others look for: `berth version 0.1.0`, `commit: ...` where it is
// known, `spec: 1.2.0`, `libseccomp: ...`, and what of the optional parts there is, `+SECCOMP`.
std::string version_text();

}  // namespace berth::launcher
