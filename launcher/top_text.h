// `berth top`: rows as text and as JSON. Pure.
#pragma once

#include <string>
#include <vector>

#include "launcher/top_rows.h"

namespace berth::launcher {

// A heading and a line for each row. With a width, the columns that matter least are left out
// until the lines fit, and what still does not fit is cut off. Names are printed with their
// control characters spelled out.
std::vector<std::string> top_table(const std::vector<TopRow>& rows, size_t width = 0);

// What is drawn on a terminal of that size: a title, the table, and how many lines are missing.
std::string top_frame(const std::vector<TopRow>& rows, const std::string& title, size_t width,
                      size_t height);

// One line.
std::string top_json(const TopSample* before, const TopSample& now,
                     const std::vector<TopRow>& rows);

}  // namespace berth::launcher
