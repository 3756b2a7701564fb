// linux.sysctl: kernel parameters that the kernel keeps per namespace.
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::process {

// The host's /proc/sys, opened before anything of the container's could stand in its place.
UniqueFd open_proc_sys();
// Sets them in the namespaces this process is in. Refuses one that would change the host's.
void set_sysctls(int proc_sys, const spec::Spec& spec);
// `net.ipv4.ip_forward` or `net/ipv4/ip_forward` as a path. As in sysctl(8) the first separator
// decides, so that `net/ipv4/conf/eth0.1/forwarding` names what it means. Pure.
std::string sysctl_path(std::string_view name);

}  // namespace berth::runtime::process
