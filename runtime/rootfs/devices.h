// What /dev holds in a container: the six nodes that every program expects, the bundle's own
// devices, and the usual links.
#pragma once

#include <string>
#include <vector>

#include "runtime/rootfs/device_nodes.h"
#include "runtime/rootfs/root_dir.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::rootfs {

// The default nodes and the bundle's, which win over a default at the same path.
std::vector<spec::Device> devices_of(const spec::Spec& spec);  // pure

// Where make_devices makes something: nodes and links.
std::vector<std::string> device_paths(const spec::Spec& spec);  // pure

// Makes them by mknod(2), or, where that is not allowed, shows those that were made before, or the
// host's own. A /dev that is a symbolic link is an error, as is anything but the right device in a
// device's place.
void make_devices(const RootDir& root, const std::vector<spec::Device>& devices,
                  DeviceNodes& nodes);

// A terminal becomes /dev/console.
void bind_console(const RootDir& root, int terminal);

}  // namespace berth::runtime::rootfs
