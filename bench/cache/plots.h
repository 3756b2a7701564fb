// The pictures of a report, drawn by the program `cache-plots` beside this one.
#pragma once

#include <string>

namespace berth::cache_bench {

// Before anything is measured for it: makes the directory; throws Error where it cannot be, or
// where there is nothing to draw with.
void check_drawing(const std::string& directory);

// From a file of to_json; `directory` is made where it is not there. Throws Error with what the
// program says, which is one line where matplotlib is not installed.
void draw(const std::string& json_file, const std::string& directory);
// Keeps the JSON there as figures.json and draws from it.
void draw_text(const std::string& json, const std::string& directory);

}  // namespace berth::cache_bench
