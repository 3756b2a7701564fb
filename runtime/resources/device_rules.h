// Which devices a container may use: the configuration's rules between a deny of everything and
// the devices that every container has. The last rule that speaks of a device and a kind of access
// decides. Pure.
#pragma once

#include <string>
#include <vector>

#include "runtime/spec/spec.h"

namespace berth::runtime::resources {

// All rules in order, the first of them a deny of everything. A rule for type `a` that is not about
// everything has become one for `b` and one for `c`.
std::vector<spec::DeviceRule> device_rules(const std::vector<spec::DeviceRule>& wished);

// Whether a rule is about every device and every access: what came before it does not matter.
bool is_about_everything(const spec::DeviceRule& rule);

// The same for v1's devices.allow and devices.deny, one write for each. v1 knows a default and
// exceptions from it, no exceptions from exceptions: such rules are refused with their key.
struct DeviceWrite {
  const char* file;  // `devices.allow`, `devices.deny`
  std::string value;
  bool operator==(const DeviceWrite&) const = default;
};
std::vector<DeviceWrite> v1_device_writes(const std::vector<spec::DeviceRule>& wished);

}  // namespace berth::runtime::resources
