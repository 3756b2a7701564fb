// The folders that criu is given. Errors name the option.
#pragma once

#include <string>

namespace berth::runtime::criu {

// Absolute and without links, made (0700) with what is missing above it.
std::string made_folder(const std::string& option, const std::string& path);
// The same for one that must be there.
std::string existing_folder(const std::string& option, const std::string& path);

}  // namespace berth::runtime::criu
