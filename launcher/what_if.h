// `berth plan --what-if`: requests one after another, each on what the one before it left. Pure.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "launcher/cache_map.h"
#include "launcher/plan.h"
#include "launcher/verbs/verbs.h"

namespace berth::launcher {

// A request, or a claim that is given back.
struct WhatIf {
  std::string text;  // as typed
  std::string claim;
  bool release = false;
  WishOptions wish;
};

// `l3=4w,mbw=20%,cores=0-3,8,l3-share,name=big`: the options of a wish for the caches, without
// their dashes, the cores, and what the claim is called (`what_if_N` for the N-th step). Throws
// Error.
WhatIf parse_what_if(const std::string& text, size_t number);

// What became of a step.
struct WhatIfGrant {
  Plan plan;
  Request request;
  std::optional<DryRun> got;        // nothing: the request asked for none of the caches
  std::vector<std::string> movers;  // for people, of each of `got`'s moves
};
struct WhatIfReleased {};
using WhatIfOutcome = std::variant<WhatIfGrant, WhatIfReleased, rdt::Refusal>;

struct WhatIfResult {
  std::vector<WhatIfOutcome> outcomes;  // of each step
  NodeFacts node;                       // after the last one
  bool refused() const;                 // one at least
};

// `node` has a capability. What is refused leaves all as it was. Throws Error where a step makes no
// sense: CPUs that are not there, a bad amount.
WhatIfResult try_steps(const NodeFacts& node, const Policy& policy,
                       const std::vector<WhatIf>& steps);

// The steps, and the node after the last.
std::string to_text(const std::vector<WhatIf>& steps, const WhatIfResult& result);
std::string to_json(const std::vector<WhatIf>& steps, const WhatIfResult& result);

}  // namespace berth::launcher
