#include "runtime/rootfs/mountinfo.h"

#include <fcntl.h>

#include <sstream>

#include "base/file.h"

namespace berth::runtime::rootfs {
namespace {

// mountinfo writes blanks and the like as octal numbers.
std::string unescape(const std::string& text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      result += static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

}  // namespace

std::vector<MountPoint> mount_points() {
  std::vector<MountPoint> mounts;
  std::istringstream lines(read_file(AT_FDCWD, "/proc/self/mountinfo", size_t{16} << 20));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    uint64_t id = 0;
    std::string parent, device, root, path;
    if (fields >> id >> parent >> device >> root >> path) mounts.push_back({id, unescape(path)});
  }
  return mounts;
}

}  // namespace berth::runtime::rootfs
