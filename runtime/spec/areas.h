// The parser's parts, one for each area of config.json. Private to this folder.
#pragma once

#include "base/json_node.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::spec {

using Node = JsonNode;  // of config.json

Process parse_process(const Node& node);
Linux parse_linux(const Node& node);
Resources parse_resources(const Node& node);
Seccomp parse_seccomp(const Node& node);

}  // namespace berth::runtime::spec
