// From a request and the policy to what resctrl is asked for on this node. Pure.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "launcher/rdt_policy.h"
#include "rdt/allocate.h"
#include "topology/placement.h"

namespace berth::launcher {

struct RdtWish {
  std::optional<rdt::Wish> wish;  // nothing: not asked for, or not to be had and optional
  std::vector<std::string> warnings;
};

// `capability`: absent where resctrl is not mounted. A resource that the node lacks is left out
// with a warning where the policy calls it optional, else refused. So is what the policy's rules do
// not allow to who asks; what only `is_a_wish` is cut down to what they do.
std::variant<RdtWish, rdt::Refusal> make_wish(const std::optional<rdt::Capability>& capability,
                                              const RdtPolicy& policy, const RdtRequest& request,
                                              const Asker& asker,
                                              const topology::Placement& placement,
                                              bool is_a_wish = false);

}  // namespace berth::launcher
