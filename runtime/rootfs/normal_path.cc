#include "runtime/rootfs/normal_path.h"

#include <algorithm>
#include <filesystem>

namespace berth::runtime::rootfs {

bool is_normal(std::string_view path) {
  if (!path.starts_with('/')) return false;
  path.remove_prefix(1);
  if (path.empty()) return true;
  for (;;) {
    const size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    if (part.empty() || part == "." || part == "..") return false;
    if (end == path.size()) return true;
    path.remove_prefix(end + 1);
  }
}

std::string normal_path(const std::string& path) {
  if (is_normal(path)) return path;
  std::string normal = (std::filesystem::path("/") / path).lexically_normal().string();
  while (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
  return normal;
}

}  // namespace berth::runtime::rootfs
