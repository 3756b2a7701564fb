// What criu says, in one line. Pure.
#pragma once

#include <string>
#include <string_view>

namespace berth::runtime::criu {

// The line that says what went wrong: the last that has `Error (`, without the time in front; the
// closing `Dumping FAILED.` and the like only where there is no other. Empty where there is none.
std::string telling_line(std::string_view log);

}  // namespace berth::runtime::criu
