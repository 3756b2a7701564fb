#include "runtime/cgroup/node.h"

#include <fcntl.h>

#include <cerrno>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "runtime/cgroup/driver.h"
#include "runtime/cgroup/group.h"
#include "runtime/cgroup/making.h"

namespace berth::runtime::cgroup {
namespace {

Tops missing_of(const Hierarchy& hierarchy, const std::vector<std::string>& parts) {
  Tops tops;
  for (const Site& site : sites(hierarchy)) {
    std::vector<std::string> upper;
    std::string name;
    for (const std::string& part : parts) {
      name += (upper.empty() ? "" : "/") + part;
      upper.push_back(part);
      if (open_group(site, upper)) continue;
      tops.by_mount.emplace(site.mount, name);
      break;
    }
  }
  return tops;
}

// The number behind `key` in a file of `key number` lines; 0 where there is none.
uint64_t keyed_number(const std::string& text, const std::string& key) {
  size_t at = text.starts_with(key + " ") ? 0 : text.find("\n" + key + " ");
  if (at == std::string::npos) return 0;
  at = text.find(' ', at) + 1;
  uint64_t number = 0;
  std::from_chars(text.data() + at, text.data() + text.size(), number);
  return number;
}

// v2 counts a group's events at its parents too; v1 at the group alone.
uint64_t count_oom_kills(int group, bool v2) {
  const char* const file = v2 ? "memory.events" : "memory.oom_control";
  uint64_t count = keyed_number(read_file_if_exists(group, file).value_or(""), "oom_kill");
  if (v2) return count;
  for (const std::string& name : list_subdirectories(group)) {
    if (const auto below = descend(group, {name})) count += count_oom_kills(below->get(), v2);
  }
  return count;
}

}  // namespace

Node Node::create(const Hierarchy& hierarchy, const std::string& path, const Limits& limits,
                  const std::function<void()>& if_there) {
  Making making(hierarchy, path, limits);
  const bool in_v2 = making.make_v2();
  const bool in_v1 = making.make_v1();
  if ((in_v2 || in_v1) && if_there) if_there();
  return making.keep();
}

std::vector<std::string> mounts_of_groups(const Hierarchy& hierarchy) {
  std::vector<std::string> mounts;
  for (const Site& site : sites(hierarchy)) mounts.push_back(site.mount);
  return mounts;
}

Tops missing_groups(const Hierarchy& hierarchy, const std::string& path) {
  return missing_of(hierarchy, components(path));
}

Tops missing_parents(const Hierarchy& hierarchy, const std::string& path) {
  std::vector<std::string> parts = components(path);
  parts.pop_back();
  return missing_of(hierarchy, parts);
}

std::optional<CgroupJoin> join_of(const Hierarchy& hierarchy, const std::string& path) {
  const std::vector<std::string> parts = components(path);
  CgroupJoin join;
  for (const Site& site : sites(hierarchy)) {
    if (!add_to(join, site, parts)) return std::nullopt;
  }
  return join.empty() ? std::nullopt : std::optional(std::move(join));
}

CgroupJoin Node::join() const {
  auto join = join_of(hierarchy_, path_);
  if (!join) throw Error("join cgroup", path_, ENOENT);
  return std::move(*join);
}

LateLimits Node::late(const Limits& limits) const {
  const std::vector<Site> all = sites(hierarchy_);
  require_controllers(all, limits, path_);
  LateLimits late;
  for (const Site& site : all) {
    const std::vector<Control> list = late_controls(site, limits);
    if (list.empty()) continue;
    const auto group = open_group(site, components(path_));
    if (!group) throw Error("limit cgroup", path_, ENOENT);
    for (const Control& control : list) {
      auto file = open_control(group->get(), control, path_);
      if (file) late.limits.push_back({std::move(*file), control.value, control.file});
    }
  }
  return late;
}

uint64_t Node::oom_kills() const {
  const std::vector<Site> all = sites(hierarchy_);
  const Site* const site = site_of(all, "memory");
  if (site == nullptr) return 0;
  const auto group = open_group(*site, components(path_));
  return group ? count_oom_kills(group->get(), site->v2) : 0;
}

std::optional<uint64_t> Node::peak_memory() const {
  const std::vector<Site> all = sites(hierarchy_);
  const Site* const site = site_of(all, "memory");
  if (site == nullptr) return std::nullopt;
  const auto group = open_group(*site, components(path_));
  if (!group) return std::nullopt;
  const char* const file = site->v2 ? "memory.peak" : "memory.max_usage_in_bytes";
  const auto text = read_file_if_exists(group->get(), file);
  uint64_t bytes = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), bytes).ec != std::errc())
    return std::nullopt;
  return bytes;
}

}  // namespace berth::runtime::cgroup
