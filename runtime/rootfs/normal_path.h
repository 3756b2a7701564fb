// Paths by their words alone, whatever links are on the way. Pure.
#pragma once

#include <string>
#include <string_view>

namespace berth::runtime::rootfs {

// `/` or `/a/b`: no empty part, no `.` or `..`, no slash behind the last.
bool is_normal(std::string_view path);

// Such a path of one that has them; a relative one is taken from `/`.
std::string normal_path(const std::string& path);

}  // namespace berth::runtime::rootfs
