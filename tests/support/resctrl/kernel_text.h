// How the kernel cuts and reads what is written to it: lib/kstrtox.c, lib/string.c.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace berth::test::resctrl {

// strim: without white space at both ends.
std::string_view stripped(std::string_view text);

// strsep: what is before the next `separator`; `rest` is what follows it, nothing where there was
// none. `rest` must hold something.
std::string_view cut(std::optional<std::string_view>& rest, char separator);

// What a C string of these bytes is.
std::string_view until_nul(std::string_view text);

// kstrtoul and its kin: an optional `+`, `0x` for base 16, base 0 as in C, one newline at the end.
// 0, EINVAL or ERANGE.
int read_number(std::string_view text, unsigned base, uint64_t most, uint64_t& value);
// kstrtoint.
int read_integer(std::string_view text, unsigned base, int& value);

}  // namespace berth::test::resctrl
