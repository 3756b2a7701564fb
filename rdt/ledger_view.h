// The kernel seen through the ledger: what take, give_back and reconcile share, and what a dry run
// looks at.
#pragma once

#include <string>
#include <vector>

#include "rdt/allocate.h"
#include "rdt/ledger.h"
#include "rdt/resctrl.h"

namespace berth::rdt {

// The L3 line alone: of all that a group has, this is what berth writes and restores.
Schemata l3_line(const Schemata& schemata);
// The same for masks, in the domains that exist now.
Schemata l3_line(const Masks& masks, const Capability& capability);

// Every group but the default one. Of ours what was recorded together with what the kernel holds,
// for an administrator may have changed it; a group of ours that the kernel lacks is still held.
std::vector<InUse> in_use(const Resctrl& resctrl, const Ledger& ledger);

// What the ledger leaves the default group: exactly what it had where no group is left.
Masks default_left_by(const Ledger& ledger, const Capability& capability);

// Gives it that; false where it has it already.
bool settle_default(const Resctrl& resctrl, const Capability& capability, const Ledger& ledger);

// Makes the recorded group where the kernel lacks it and gives it its masks where they differ; true
// where there was something to do.
bool restore_group(const Resctrl& resctrl, const Capability& capability, const std::string& name,
                   const LedgerGroup& recorded);

}  // namespace berth::rdt
