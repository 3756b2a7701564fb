// GVariant's text format (docs.gtk.org, "GVariant Text Format"), as annotations have it: booleans,
// numbers, strings, arrays and tuples, with a type in front where the text alone does not tell it
// (`uint64 5`, `@as []`). Maybes, dictionaries, variants and byte strings no property of a unit
// has.
#pragma once

#include <string_view>

#include "runtime/systemd/value.h"

namespace berth::runtime::systemd {

// Throws Error that says what is wrong with it, without the text.
Value parse_value(std::string_view text);

}  // namespace berth::runtime::systemd
