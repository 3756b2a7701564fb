// config.json -> Spec. Every error is one line with the exact key path, the value and what is
// allowed: `config.json: process.rlimits[2].type: 'RLIMIT_FOO' is not a resource limit`; broken
// JSON names line and column. Properties this version does not act on are ignored as the
// specification asks, except where acting without them would be less safe than refusing.
#pragma once

#include <string>
#include <string_view>

#include "runtime/spec/spec.h"

namespace berth::runtime::spec {

Spec parse_spec(std::string_view json);
// Opens and reads config.json in the bundle: `no such bundle`, `no config.json`, ... in one line.
Spec load_bundle(const std::string& bundle);

}  // namespace berth::runtime::spec
