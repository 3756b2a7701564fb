#include "runtime/cgroup/delegation.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "runtime/cgroup/directory.h"
#include "runtime/cgroup/group.h"

namespace berth::runtime::cgroup {
namespace {

UniqueFd open_below(const std::string& mount, const std::string& path) {
  UniqueFd group = open_dir(AT_FDCWD, mount);
  if (path.empty()) return group;
  auto below = descend(group.get(), components(path));
  return below ? std::move(*below) : UniqueFd();
}

// To make a group there, and to move a process from one below it to another: the kernel asks for
// cgroup.procs of the nearest group that both are in.
bool may_use(const UniqueFd& group) {
  const auto may = [&](const char* name, int how) {
    return ::faccessat(group.get(), name, how, AT_EACCESS) == 0;
  };
  return group && may(".", W_OK | X_OK) && may("cgroup.procs", W_OK);
}

// The nearest group that both are, or are in; empty for the hierarchy's root.
std::string common_parent(std::string_view a, std::string_view b) {
  size_t common = 0;
  for (size_t i = 0;; ++i) {
    const bool ends_a = i >= a.size() || a[i] == '/', ends_b = i >= b.size() || b[i] == '/';
    if (ends_a && ends_b) common = i;
    if (i >= a.size() || i >= b.size() || a[i] != b[i]) break;
  }
  return std::string(a.substr(0, common));
}

// The kernel's own list (Linux 4.15), else what it has been from the beginning.
std::vector<std::string> delegable_files() {
  const auto text = read_file_if_exists(AT_FDCWD, "/sys/kernel/cgroup/delegate");
  std::istringstream lines(text.value_or("cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n"));
  std::vector<std::string> files;
  for (std::string file; lines >> file;) files.push_back(file);
  return files;
}

}  // namespace

std::optional<Delegation> find_delegation(const Hierarchy& hierarchy,
                                          std::string_view proc_cgroup) {
  if (hierarchy.v2.empty()) return std::nullopt;
  const auto cgroup = path_of_process(proc_cgroup, "");
  const auto own = cgroup ? below_mount(hierarchy.v2_root, *cgroup) : std::nullopt;
  if (!own) return std::nullopt;
  if (!own->empty()) {
    const size_t slash = own->rfind('/');
    const std::string above = slash == std::string::npos ? "" : own->substr(0, slash);
    const UniqueFd group = open_below(hierarchy.v2, above);
    if (may_use(group)) {
      return Delegation{above, !read_file(group.get(), "cgroup.procs").empty()};
    }
  }
  if (may_use(open_below(hierarchy.v2, *own))) return Delegation{*own, true};
  return std::nullopt;
}

bool may_move_into(const Hierarchy& hierarchy, std::string_view proc_cgroup,
                   const std::string& path) {
  const auto cgroup = path_of_process(proc_cgroup, "");
  const auto own = cgroup ? below_mount(hierarchy.v2_root, *cgroup) : std::nullopt;
  if (!own) return false;  // it is out of sight, and what both are in is too
  const UniqueFd above = open_below(hierarchy.v2, common_parent(*own, path));
  const UniqueFd group = open_below(hierarchy.v2, path);
  const auto may = [](const UniqueFd& in) {
    return in && ::faccessat(in.get(), "cgroup.procs", W_OK, AT_EACCESS) == 0;
  };
  return may(above) && may(group);
}

Hierarchy detect_delegated(const std::string& path) {
  Hierarchy found = detect(ControllerSet::delegated);
  if (found.v2.empty()) return found;
  found.v2_controllers.clear();
  if (const UniqueFd group = open_below(found.v2, path)) {
    found.v2_controllers = controllers_of(read_file(group.get(), "cgroup.controllers"));
  }
  return found;
}

void give_group(const Hierarchy& hierarchy, const std::string& path, uid_t owner) {
  const UniqueFd group = open_directory(hierarchy, "", path);
  const auto give = [&](const char* name) {
    constexpr int kFlags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;
    if (::fchownat(group.get(), name, owner, static_cast<gid_t>(-1), kFlags) == 0) return true;
    if (errno == ENOENT || errno == EPERM) return false;
    throw Error("give cgroup '" + path + "' to user", std::to_string(owner), errno);
  };
  if (!give("")) return;
  for (const std::string& file : delegable_files()) give(file.c_str());
}

}  // namespace berth::runtime::cgroup
