// Internal to the folder: the record's form in its file.
#pragma once

#include <string>

#include "runtime/state/state.h"

namespace berth::runtime {

std::string record_json(const Record& record);
// Throws Error that names the container.
Record parse_record(const std::string& text, const std::string& id);

}  // namespace berth::runtime
