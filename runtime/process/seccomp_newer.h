// System calls that are newer than a profile. A C library falls back from a new call on ENOSYS
// alone; a profile that refuses all it does not name would break it with each new kernel.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/spec/spec.h"

namespace berth::runtime::process {

// What goes in front of a profile's filter: on each of `architectures` (libseccomp's tokens) a call
// with a number above all that the profile names there, whatever it says of them, comes to ENOSYS.
// Empty where the profile lets the unnamed through. Other runtimes do the same.
std::vector<sock_filter> hide_newer_calls(const spec::Seccomp& seccomp,
                                          std::span<const uint32_t> architectures);

}  // namespace berth::runtime::process
