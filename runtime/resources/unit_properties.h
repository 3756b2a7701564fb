// linux.resources as properties of the systemd unit whose cgroup the container has: systemd writes
// a unit's control files again from its properties, at a daemon-reload for one. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/resources/settings.h"
#include "runtime/spec/spec.h"
#include "runtime/systemd/value.h"

namespace berth::runtime::resources {

// What systemd would write in the place of these settings; those of which it knows nothing
// (hugetlb, rdma, limits of single devices) it leaves alone. `has_file` chooses among a setting's
// files.
std::vector<systemd::Property> unit_properties(
    const std::vector<Setting>& settings,
    const std::function<bool(const Setting&, const FileValue&)>& has_file);

// Device rules as DevicePolicy and DeviceAllow: for v1, whose one list of devices systemd writes
// too. On v2 systemd leaves other programs than its own where they are. Throws as v1_device_writes.
std::vector<systemd::Property> device_properties(const std::vector<spec::DeviceRule>& wished);

// systemd keeps a quota in whole per cents of a CPU: what is less becomes the next one, so that the
// file says what systemd will go on to say.
void round_cpu_quota(std::vector<Setting>& settings);

}  // namespace berth::runtime::resources
