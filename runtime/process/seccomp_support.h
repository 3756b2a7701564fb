// What of linux.seccomp this build and this kernel can do.
#pragma once

#include <string>
#include <vector>

namespace berth::runtime::process {

struct SeccompSupport {
  // Names of the specification.
  std::vector<std::string> actions, operators, architectures, known_flags, supported_flags;
};
SeccompSupport seccomp_support();

std::string seccomp_library_version();  // `2.5.4`

}  // namespace berth::runtime::process
