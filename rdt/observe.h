// The kernel's groups as values.
#pragma once

#include "rdt/resctrl.h"
#include "rdt/transition.h"

namespace berth::rdt {

// Every group: those that the layout names, and all others as foreign, what bears our prefix and is
// in no layout among them. What somebody removes meanwhile is left out.
KernelState observe(const Resctrl& resctrl, const Capability& capability, const Layout& layout);

// Monitoring ids that groups have: one each, and one each of their monitor groups.
unsigned rmids_in_use(const Resctrl& resctrl);
// The same without looking again at what has been read.
unsigned rmids_in_use(const Resctrl& resctrl, const KernelState& state);

// What the default group had, for the first layout.
PerCache<std::vector<Masks>> default_masks(const KernelState& state);

}  // namespace berth::rdt
