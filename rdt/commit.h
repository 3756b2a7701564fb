// Changes of the layout carried out on the kernel. All of it under resctrl's lock.
#pragma once

#include <string>
#include <vector>

#include "rdt/journal.h"
#include "rdt/ledger.h"
#include "rdt/observe.h"

namespace berth::rdt {

// One step is one system call (a write is read back). Throws Error.
void perform(const Resctrl& resctrl, const Step& step);

// What a change starts from.
struct Ground {
  Capability capability;
  Layout layout;  // the ledger's
  KernelState state;
};
// Reads it all, after what a dead writer left has been mended (see recover).
Ground survey_ground(const Resctrl& resctrl, int state_dir, std::vector<std::string>* lines);

// From the ground to `to`: journal, steps, ledger. Where one of our groups has been removed under
// our hands the way is worked out once more. On another failure all is brought back to what the
// ledger says and the error thrown; a release goes as far as it can be done, and throws then.
void commit(const Resctrl& resctrl, int state_dir, const Ground& ground, const Layout& to,
            const std::vector<Step>& steps, Journal::Change change, const std::string& claim);

// The journal of a dead writer: a take is undone, a release finished. A line of what was done is
// added to `lines`, if any.
void recover(const Resctrl& resctrl, int state_dir, const Capability& capability,
             std::vector<std::string>* lines);

}  // namespace berth::rdt
