// The rules as a program for the kernel (BPF_PROG_TYPE_CGROUP_DEVICE), which v2 has instead of
// devices.allow and .deny. Pure.
#pragma once

#include <linux/bpf.h>

#include <vector>

#include "runtime/spec/spec.h"

namespace berth::runtime::resources {

// From the last rule to the first: kinds of access that a rule allows are settled and dropped from
// the request, one that a rule denies ends it. `rules` as device_rules gives them.
std::vector<bpf_insn> device_program(const std::vector<spec::DeviceRule>& rules);

}  // namespace berth::runtime::resources
