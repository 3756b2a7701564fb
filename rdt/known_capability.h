// What a mount of resctrl can do does not change while it is mounted, and reading it is dozens of
// files: the state directory remembers it.
#pragma once

#include "rdt/resctrl.h"

namespace berth::rdt {

// As Resctrl::capability. The domains come from the root's schemata each time, for CPUs come and
// go; all else from `rdt-capability.json`, as long as the root is that of the same mount. The file
// is replaced as a whole, so no lock is needed.
Capability known_capability(const Resctrl& resctrl, int state_dir);

}  // namespace berth::rdt
