// linux.resources as writes to control files, for v1 and for v2: what is written where, decided
// without looking. Memory, swap and process limits have their own functions: the launcher writes
// them last, `update` at once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/spec/spec.h"

namespace berth::runtime::resources {

struct FileValue {
  std::string file, value;
  bool operator==(const FileValue&) const = default;
};

struct Setting {
  std::string key;                 // `linux.resources.cpu.shares`
  std::string controller;          // its v1 name; empty: v2's own files
  std::vector<FileValue> choices;  // the first whose file exists
  bool optional = false;           // none existing is no error
  bool operator==(const Setting&) const = default;
};

std::vector<Setting> v1_settings(const spec::Resources& resources);
std::vector<Setting> v2_settings(const spec::Resources& resources);
// Those of v1 for which v2 has nothing.
bool is_v1_only(const Setting& setting);

// Memory, swap and processes, in an order that the kernel takes. `current_limit` (v1) is the memory
// limit in force: memory + swap may never be below it. Throws where swap makes no sense.
std::vector<Setting> v1_limits(const spec::Resources& resources, uint64_t current_limit);
std::vector<Setting> v2_limits(const spec::Resources& resources);

}  // namespace berth::runtime::resources
