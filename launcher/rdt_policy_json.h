// The policy's key `rdt` as JSON: goresctrl's words where it has some. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/json_node.h"
#include "launcher/rdt_policy.h"

namespace berth::launcher {

// The shape and each value by itself: what can be told of one of several files that are merged.
// Throws Error with the key path.
RdtPolicy read_rdt_policy(const JsonNode& rdt);

// What only the whole policy shows: shares that add up to more than a cache, two classes of one
// name, classes that are not there. `policy` is what was read from `rdt`. Throws Error likewise.
void check_rdt_policy(const JsonNode& rdt, const RdtPolicy& policy);

// With every key, as read_rdt_policy reads it.
nlohmann::json json_of(const RdtPolicy& policy);

}  // namespace berth::launcher
