// A control file of a process' own cgroup, found as the kernel shows it.
#pragma once

#include <fcntl.h>

#include <string>

#include "base/file.h"
#include "runtime/cgroup/directory.h"

namespace berth::test {

inline bool is_on_v2(const runtime::cgroup::Hierarchy& hierarchy, const std::string& controller) {
  return runtime::cgroup::version_of(hierarchy, controller) == runtime::cgroup::Version::v2;
}

// Without the line end. `controller` by its v1 name.
inline std::string control_file(const runtime::cgroup::Hierarchy& hierarchy, int pid,
                                const std::string& controller, const std::string& v1_file,
                                const std::string& v2_file) {
  const bool v2 = is_on_v2(hierarchy, controller);
  const std::string all = read_file(AT_FDCWD, "/proc/" + std::to_string(pid) + "/cgroup");
  const auto path = runtime::cgroup::path_of_process(all, v2 ? "" : controller).value();
  const UniqueFd group = runtime::cgroup::open_directory(hierarchy, controller, path.substr(1));
  std::string text = read_file(group.get(), v2 ? v2_file : v1_file);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace berth::test
