#include "runtime/service/cgroups.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/file.h"
#include "runtime/cgroup/node.h"

namespace berth::runtime::service {
namespace {

// The first part of the path that is not below the mount point; empty where all of it is.
std::string first_missing(const std::string& mount, const std::string& path) {
  for (size_t end = path.find('/');; end = path.find('/', end + 1)) {
    std::string part = path.substr(0, end);
    struct stat st {};
    if (::stat((mount + "/" + part).c_str(), &st) < 0) {
      if (errno == ENOENT) return part;
      throw Error("look at cgroup", mount + "/" + part, errno);
    }
    if (end == std::string::npos) return {};
  }
}

void make_groups(const std::string& mount, const std::string& path) {
  UniqueFd group = open_dir(AT_FDCWD, mount);
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    make_dir(group.get(), part, 0755);
    group = open_dir(group.get(), part);
    at = end + 1;
  }
}

}  // namespace

void make_cgroup(const std::string& path, ActLog& log) {
  const cgroup::Hierarchy hierarchy = cgroup::detect(cgroup::ControllerSet::container);
  Act act{.kind = Act::Kind::cgroup,
          .path = path,
          .made = cgroup::missing_groups(hierarchy, path).by_mount};
  const bool with_controllers = !act.made.empty();
  for (const cgroup::V1Mount& mount : hierarchy.v1) {
    const std::string missing = first_missing(mount.path, path);
    if (!missing.empty()) act.made.emplace(mount.path, missing);
  }
  if (act.made.empty()) return;
  log.about_to(act);
  if (with_controllers) (void)cgroup::Node::create(hierarchy, path, {});
  for (const cgroup::V1Mount& mount : hierarchy.v1) make_groups(mount.path, path);
}

std::optional<std::string> take_back_cgroup(const Act& act) {
  int failed = 0;
  for (const auto& [mount, top] : act.made) {
    std::string group = act.path;
    if (::rmdir((mount + "/" + group).c_str()) < 0 && errno != ENOENT) failed = errno;
    while (group.size() > top.size()) {
      group.resize(group.rfind('/'));
      (void)::rmdir((mount + "/" + group).c_str());  // the kernel keeps what is in use
    }
  }
  if (failed == 0) return std::nullopt;
  return "could not " + Error("remove cgroup", act.path, failed).message();
}

}  // namespace berth::runtime::service
