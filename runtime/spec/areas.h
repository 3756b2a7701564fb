// The parser's parts, one for each area of config.json. Private to this folder.
#pragma once

#include "runtime/spec/node.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::spec {

Process parse_process(const Node& node);
Linux parse_linux(const Node& node);
Resources parse_resources(const Node& node);
Seccomp parse_seccomp(const Node& node);

// `key` as an absolute path; absent is an error.
std::string absolute_path(const Node& node);

}  // namespace berth::runtime::spec
