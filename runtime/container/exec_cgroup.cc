#include "runtime/container/exec_cgroup.h"

#include <fcntl.h>

#include <cerrno>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "runtime/cgroup/directory.h"
#include "runtime/cgroup/node.h"

namespace berth::runtime {
namespace {

[[noreturn]] void refuse(const std::string& argument, const char* why) {
  throw Error("--cgroup '" + argument + "': " + why);
}

// Out of the container's own group would be out of its limits.
void require_below(const std::string& argument, std::string_view path) {
  for (size_t start = 0; start <= path.size();) {
    const size_t end = std::min(path.find('/', start), path.size());
    if (path.substr(start, end - start) == "..") {
      throw Error("--cgroup: bad sub cgroup path: " + argument +
                  " is not a sub cgroup path of the container's");
    }
    start = end + 1;
  }
}

std::string below(const std::string& path, std::string_view sub) {
  std::string result = path;
  for (size_t start = 0; start < sub.size();) {
    const size_t end = std::min(sub.find('/', start), sub.size());
    const std::string_view part = sub.substr(start, end - start);
    if (!part.empty() && part != ".") result += "/" + std::string(part);
    start = end + 1;
  }
  return result;
}

// As runc, whose callers look for these words.
[[noreturn]] void fail_to_join(const std::string& path, const std::string& note = {}) {
  const Error error("adding pid of the new process to cgroups: " + path +
                    "/cgroup.procs: " + errno_text(ENOENT));
  throw note.empty() ? error : error.with_note(note);
}

// Before joining a group one is in another of the same hierarchy: the last write counts.
void add(CgroupJoin& join, const cgroup::Hierarchy& hierarchy, const std::string& controller,
         const std::string& path) {
  const bool v1 = hierarchy.v1_of(controller) != nullptr;
  if (!v1 && !hierarchy.v2_has(controller)) {
    throw Error("--cgroup: unknown controller '" + controller + "'");
  }
  auto group = cgroup::find_directory(hierarchy, controller, path);
  if (!group) fail_to_join(path, "--cgroup " + controller);
  if (v1) {
    join.v1_tasks.push_back(open_file(group->get(), "tasks", O_WRONLY));
  } else {
    join.v2_procs = open_file(group->get(), "cgroup.procs", O_WRONLY);
    join.v2_dir = std::move(*group);
  }
}

// Where on v2 the container's first process is, which may have moved on below the container's own
// group, or out of it. Nothing where it has not, or where it cannot be seen.
std::optional<std::string> path_of_first(const cgroup::Hierarchy& hierarchy, pid_t first,
                                         const std::string& own) {
  if (hierarchy.v2.empty()) return std::nullopt;
  const std::string file = "/proc/" + std::to_string(first) + "/cgroup";
  const auto groups = read_file_if_exists(AT_FDCWD, file);
  const auto seen = groups ? cgroup::path_of_process(*groups, "") : std::nullopt;
  auto path = seen ? cgroup::below_mount(hierarchy.v2_root, *seen) : std::nullopt;
  if (!path || path->empty() || *path == own) return std::nullopt;
  return path;
}

// The container's own group; on v2, which keeps processes out of some, the first process' besides
// or in its place.
CgroupJoin join_own(const cgroup::Hierarchy& hierarchy, const std::string& path, pid_t first) {
  auto own = cgroup::join_of(hierarchy, path);
  if (own && !own->v2_dir) return std::move(*own);
  if (!own && !hierarchy.v1.empty()) fail_to_join(path);
  const auto elsewhere = path_of_first(hierarchy, first, path);
  auto other = elsewhere ? cgroup::find_directory(hierarchy, "", *elsewhere) : std::nullopt;
  if (!own && !other) fail_to_join(path);
  CgroupJoin join = own ? std::move(*own) : CgroupJoin{};
  if (!other) return join;
  (own ? join.v2_other_procs : join.v2_procs) = open_file(other->get(), "cgroup.procs", O_WRONLY);
  (own ? join.v2_other_dir : join.v2_dir) = std::move(*other);
  return join;
}

}  // namespace

std::map<std::string, std::string> parse_exec_cgroups(const std::vector<std::string>& arguments) {
  std::map<std::string, std::string> paths;
  for (const std::string& argument : arguments) {
    const size_t colon = argument.find(':');
    if (colon == std::string::npos) {
      if (arguments.size() != 1) refuse(argument, "lacks its CONTROLLER:, as there are several");
      require_below(argument, argument);
      paths.emplace("", argument);
      continue;
    }
    const std::string path = argument.substr(colon + 1);
    require_below(argument, path);
    for (size_t start = 0; start <= colon;) {
      const size_t end = std::min(argument.find(',', start), colon);
      const std::string controller = argument.substr(start, end - start);
      if (controller.empty()) refuse(argument, "has an empty controller");
      if (!paths.emplace(controller, path).second) {
        refuse(argument, "names a controller that was named before");
      }
      start = end + 1;
    }
  }
  return paths;
}

CgroupJoin join_of_container(const cgroup::Hierarchy& hierarchy, const std::string& path,
                             const std::vector<std::string>& arguments, pid_t first) {
  const auto subs = parse_exec_cgroups(arguments);
  if (path.empty()) {
    if (!subs.empty()) throw Error("--cgroup: the container has no cgroup of its own");
    return {};
  }
  if (subs.empty()) return join_own(hierarchy, path, first);
  const auto everywhere = subs.find("");
  const std::string own = everywhere == subs.end() ? path : below(path, everywhere->second);
  auto found = cgroup::join_of(hierarchy, own);
  if (!found) fail_to_join(own);
  CgroupJoin join = std::move(*found);
  for (const auto& [controller, sub] : subs) {
    if (!controller.empty()) add(join, hierarchy, controller, below(path, sub));
  }
  return join;
}

std::vector<std::string> groups_below_container(const cgroup::Hierarchy& hierarchy,
                                                const std::string& path,
                                                const std::vector<std::string>& arguments,
                                                pid_t first) {
  const auto subs = parse_exec_cgroups(arguments);
  // There is one hierarchy: of what names a controller each, the last one counts.
  if (!subs.empty()) return {below("", subs.rbegin()->second)};
  std::vector<std::string> groups{""};
  const auto elsewhere = path_of_first(hierarchy, first, path);
  if (elsewhere && elsewhere->starts_with(path + "/")) {
    groups.push_back(elsewhere->substr(path.size()));
  }
  return groups;
}

}  // namespace berth::runtime
