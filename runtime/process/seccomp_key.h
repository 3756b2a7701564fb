// What a compiled filter is the answer to.
#pragma once

#include <string>

#include "runtime/process/seccomp.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::process {

// All of linux.seccomp that the program is made of, and who makes it: libseccomp, this program's
// own file, and what the kernel can do. Two are equal only where the programs are.
std::string seccomp_key(const spec::Seccomp& seccomp, UnknownCalls unknown);

}  // namespace berth::runtime::process
