// The way from what the kernel holds to what a layout says, in steps that never let two holders of
// exclusive ways overlap, nor one of them the default group. Pure: a step is one system call, and
// the list can be printed, recorded before it is carried out, and worked out again from any state
// in which a crash left the kernel.
#pragma once

#include <string>
#include <vector>

#include "rdt/layout.h"

namespace berth::rdt {

// What the kernel holds for one group, by position of the domain.
struct Control {
  PerCache<std::vector<Masks>> masks;
  PerThrottle<std::vector<uint64_t>> figures;
  std::vector<std::string> monitors;  // names of its monitor groups
  bool exclusive_mode = false;
  bool operator==(const Control&) const = default;
};

struct KernelGroup {
  std::string name;
  Control control;
  bool operator==(const KernelGroup&) const = default;
};

struct KernelState {
  Control default_group;
  std::vector<KernelGroup> groups;  // those whose names are ours
  std::vector<Foreign> foreign;
};

struct Step {
  enum class Kind { make, write, remove, set_exclusive, make_monitor, remove_monitor };
  Kind kind = Kind::write;
  std::string group;    // "": the default group
  Schemata lines;       // of `write`
  std::string monitor;  // of make_monitor and remove_monitor
  bool operator==(const Step&) const = default;
};

// `write 'berth_1' L3:0=f;1=400`
std::string to_string(const Step& step);

// Empty where the kernel holds it already. Monitor groups named `CLAIM.anything` belong to CLAIM.
std::vector<Step> transition(const Capability& capability, const KernelState& now,
                             const Layout& layout);

// What the group will hold; unlimited bandwidth where the layout has no limit.
Control control_of(const Capability& capability, const Layout& layout, const Clos& group);

}  // namespace berth::rdt
