// Properties of a container's unit that its configuration asks for: annotations
// `org.systemd.property.NAME`, as runc and crun have them. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/systemd/value.h"

namespace berth::runtime::systemd {

// `TimeoutStopSec` becomes `TimeoutStopUSec`, with its number in microseconds. Throws Error with
// the key.
std::vector<Property> annotated_properties(const std::map<std::string, std::string>& annotations);

}  // namespace berth::runtime::systemd
