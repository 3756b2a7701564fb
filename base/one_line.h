// Messages are one line each, whatever names and paths of the user's they quote.
#pragma once

#include <string>
#include <string_view>

namespace berth {

// `text` with each control character spelled out: a line end as `\x0a`.
std::string one_line(std::string_view text);

}  // namespace berth
