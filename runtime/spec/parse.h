// config.json -> Spec. Every error is one line with the exact key path, the value and what is
// allowed: `config.json: process.rlimits[2].type: 'RLIMIT_FOO' is not a resource limit`; broken
// JSON names line and column. Properties this version does not act on are ignored as the
// specification asks, except where acting without them would be less safe than refusing.
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::spec {

Spec parse_spec(std::string_view json);
// linux.resources alone; `document` stands for `config.json` in messages.
Resources parse_resources_document(std::string_view json, const std::string& document);
// process alone (`exec --process`), likewise.
Process parse_process_document(std::string_view json, const std::string& document,
                               std::vector<std::string>& warnings);
// Opens and reads config.json in the bundle. One line each, with the bundle's name: `no such bundle
// '/srv/app'`, `bundle '/srv/app' has no config.json`, and `bundle '/srv/app': ` before what
// parse_spec says.
Spec load_bundle(const std::string& bundle);
// The same from the bundle's directory; `bundle` is its name in messages.
Spec load_bundle(int bundle_dir, const std::string& bundle);

// The steps of it, for who keeps the text.
UniqueFd open_bundle(const std::string& bundle);
std::string read_configuration(int bundle_dir, const std::string& bundle,
                               const std::string& file = "config.json");
Spec parse_spec(std::string_view json, const std::string& bundle);

}  // namespace berth::runtime::spec
