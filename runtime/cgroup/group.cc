#include "runtime/cgroup/group.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <span>

#include "base/error.h"
#include "base/file.h"

namespace berth::runtime::cgroup {
namespace {

constexpr std::array<std::string_view, 3> kLimits = {"cpuset", "memory", "pids"};
// v1's names and v2's: what a hierarchy does not have is passed over. The last one has no
// controller: by it a systemd inside finds the group that it may fill.
constexpr std::array<std::string_view, 16> kContainer = {
    "cpuset",  "memory",  "pids",     "cpu",  "cpuacct", "devices", "freezer", "blkio",
    "hugetlb", "net_cls", "net_prio", "rdma", "io",      "misc",    "dmem",    "name=systemd"};

std::span<const std::string_view> names(ControllerSet set) {
  if (set == ControllerSet::limits) return kLimits;
  return kContainer;
}

// A group's file that may go away while we look: with the group, or with its last process.
std::string read_if_alive(int group, const std::string& name) {
  try {
    return read_file_if_exists(group, name, size_t{64} << 20).value_or("");
  } catch (const Error& e) {
    if (e.code() == EOPNOTSUPP) return {};  // a threaded v2 group: its domain lists the processes
    if (e.code() == ENODEV) return {};
    throw;
  }
}

// Nothing where it is not there. No symbolic link is followed.
std::optional<UniqueFd> open_if_there(const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS;
  const auto fd =
      static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how));
  if (fd < 0 && (errno == ENOENT || errno == ENODEV)) return std::nullopt;
  return UniqueFd(check(fd, "open cgroup", path));
}

// None where the group itself goes away while we look.
std::vector<std::string> groups_below(int group) {
  try {
    return list_subdirectories(group);
  } catch (const Error& e) {
    if (e.code() == ENOENT) return {};
    throw;
  }
}

}  // namespace

bool Site::has(std::string_view controller) const {
  return std::ranges::find(controllers, controller) != controllers.end();
}

std::vector<Site> sites(const Hierarchy& hierarchy) {
  std::vector<Site> found;
  if (hierarchy.controllers == ControllerSet::delegated && !hierarchy.v2.empty()) {
    found.push_back({true, hierarchy.v2, hierarchy.v2_root, {}});
  }
  for (const std::string_view controller : names(hierarchy.controllers)) {
    const V1Mount* const v1 = hierarchy.v1_of(controller);
    if (v1 == nullptr && !hierarchy.v2_has(controller)) continue;
    const std::string& mount = v1 != nullptr ? v1->path : hierarchy.v2;
    auto site = std::ranges::find(found, mount, &Site::mount);
    if (site == found.end()) {
      const std::string& root = v1 != nullptr ? v1->root : hierarchy.v2_root;
      site = found.insert(found.end(), {v1 == nullptr, mount, root, {}});
    }
    site->controllers.emplace_back(controller);
  }
  return found;
}

const Site* site_of(const std::vector<Site>& all, std::string_view controller) {
  const auto found =
      std::ranges::find_if(all, [&](const Site& site) { return site.has(controller); });
  return found == all.end() ? nullptr : &*found;
}

std::vector<std::string> components(std::string_view path) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    parts.emplace_back(path.substr(begin, end - begin));
    if (parts.back().empty() || parts.back() == "." || parts.back() == "..") {
      throw Error("refuse cgroup path '" + std::string(path) +
                  "': a component is empty, '.' or '..'");
    }
    begin = end + 1;
  }
  return parts;
}

std::optional<UniqueFd> descend(int dir, const std::vector<std::string>& parts) {
  UniqueFd group;
  for (const std::string& part : parts) {
    const int next = ::openat(group ? group.get() : dir, part.c_str(),
                              O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0 && (errno == ENOENT || errno == ENODEV)) return std::nullopt;
    group.reset(check(next, "open cgroup", part));
  }
  return group;
}

std::string path_of(const Site& site, const std::vector<std::string>& parts) {
  std::string path = site.mount;
  for (const std::string& part : parts) path.append("/").append(part);
  return path;
}

std::optional<UniqueFd> open_group(const Site& site, const std::vector<std::string>& parts) {
  return open_if_there(path_of(site, parts), O_RDONLY | O_DIRECTORY);
}

std::optional<UniqueFd> open_in_group(const Site& site, const std::vector<std::string>& parts,
                                      const std::string& file, int flags) {
  return open_if_there(path_of(site, parts) + "/" + file, flags);
}

bool add_to(CgroupJoin& join, const Site& site, const std::vector<std::string>& parts) {
  if (site.v2) {
    auto group = open_group(site, parts);
    if (!group) return false;
    join.v2_procs = open_file(group->get(), "cgroup.procs", O_WRONLY);
    join.v2_dir = std::move(*group);
    return true;
  }
  auto tasks = open_in_group(site, parts, "tasks", O_WRONLY);
  if (!tasks) return false;
  join.v1_tasks.push_back(std::move(*tasks));
  return true;
}

std::set<pid_t> processes_in(int group) {
  std::set<pid_t> found;
  const std::string list = read_if_alive(group, "cgroup.procs");
  const char* const end = list.data() + list.size();
  for (const char* at = list.data(); at < end;) {
    pid_t pid = 0;
    const auto [next, status] = std::from_chars(at, end, pid);
    if (status == std::errc()) found.insert(pid);
    at = next + 1;  // the newline
  }
  return found;
}

void collect_processes(int group, std::set<pid_t>& found) {
  found.merge(processes_in(group));
  for (const std::string& name : groups_below(group)) {
    if (const auto below = descend(group, {name})) collect_processes(below->get(), found);
  }
}

}  // namespace berth::runtime::cgroup
