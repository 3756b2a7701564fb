#include "runtime/container/exec_cgroup.h"

#include <fcntl.h>

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
    if (path.substr(start, end - start) == "..") refuse(argument, "leads out of the container's");
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

// Before joining a group one is in another of the same hierarchy: the last write counts.
void add(CgroupJoin& join, const cgroup::Hierarchy& hierarchy, const std::string& controller,
         const std::string& path) {
  const bool v1 = hierarchy.v1_of(controller) != nullptr;
  auto group = cgroup::find_directory(hierarchy, controller, path);
  if (!group) throw Error("join cgroup", path, ENOENT).with_note("--cgroup " + controller);
  if (v1) {
    join.v1_tasks.push_back(open_file(group->get(), "tasks", O_WRONLY));
  } else {
    join.v2_procs = open_file(group->get(), "cgroup.procs", O_WRONLY);
    join.v2_dir = std::move(*group);
  }
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
                             const std::vector<std::string>& arguments) {
  const auto subs = parse_exec_cgroups(arguments);
  if (path.empty()) {
    if (!subs.empty()) throw Error("--cgroup: the container has no cgroup of its own");
    return {};
  }
  const auto everywhere = subs.find("");
  const std::string own = everywhere == subs.end() ? path : below(path, everywhere->second);
  const auto node = cgroup::Node::find(hierarchy, own);
  if (!node) throw Error("join cgroup", own, ENOENT);
  CgroupJoin join = node->join();
  for (const auto& [controller, sub] : subs) {
    if (!controller.empty()) add(join, hierarchy, controller, below(path, sub));
  }
  return join;
}

}  // namespace berth::runtime
