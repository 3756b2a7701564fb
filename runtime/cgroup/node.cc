#include "runtime/cgroup/node.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "runtime/cgroup/driver.h"
#include "runtime/cgroup/group.h"

namespace berth::runtime::cgroup {
namespace {

// Directories that were made here; removed again unless all went well.
class Made {
 public:
  Made() = default;
  ~Made() {
    for (auto path = paths_.rbegin(); path != paths_.rend(); ++path) ::rmdir(path->c_str());
  }
  Made(const Made&) = delete;
  Made& operator=(const Made&) = delete;
  void add(std::string path) { paths_.push_back(std::move(path)); }
  void keep() { paths_.clear(); }
  // The group itself was there already, in one hierarchy at least.
  void meet() { met_ = true; }
  bool met() const { return met_; }

 private:
  bool met_ = false;
  std::vector<std::string> paths_;
};

// The trees of others begin where others want them, and have the CPUs that others gave them.
bool is_top_of_ours(size_t depth, const std::string& part) {
  return depth == 0 && part.starts_with("berth");
}

// The group at `parts`, with what is missing above it made too. Where its parent is there already,
// that one is trusted to be usable, unless `from_top`.
UniqueFd make_group(const Site& site, const std::vector<std::string>& parts, bool from_top,
                    Made& made) {
  size_t depth = 0;
  UniqueFd group;
  if (!from_top && parts.size() > 1) {
    if (auto parent = open_group(site, {parts.begin(), parts.end() - 1})) {
      group = std::move(*parent);
      depth = parts.size() - 1;
    }
  }
  if (depth == 0) group = open_dir(AT_FDCWD, site.mount);
  for (; depth < parts.size(); ++depth) {
    const std::string& part = parts[depth];
    if (site.v2) v2::enable(group.get(), site.controllers);
    const bool is_new = make_dir(group.get(), part, 0755);
    if (is_new) {
      made.add(path_of(site, {parts.begin(), parts.begin() + static_cast<ptrdiff_t>(depth) + 1}));
    } else if (depth + 1 == parts.size()) {
      made.meet();
    }
    std::optional<UniqueFd> next = descend(group.get(), {part});
    if (!next) throw Error("open cgroup", part, ENOENT);
    if (!site.v2) {
      const bool anew = is_new || is_top_of_ours(depth, part);
      v1::inherit(site, group.get(), next->get(), anew ? v1::Inherit::anew : v1::Inherit::missing);
    }
    group = std::move(*next);
  }
  return group;
}

UniqueFd make_limited_group(const Site& site, const std::string& path, const Limits& limits,
                            bool from_top, Made& made) {
  UniqueFd group = make_group(site, components(path), from_top, made);
  for (const Control& control : controls(site, limits)) {
    const auto file = open_control(group.get(), control, path);
    if (file) write_once(file->get(), control.value, control.file);
  }
  return group;
}

// First the short way, below a parent that is there (unless `from_top`). What fails on it gets the
// long way, which repairs the groups above (a CPU that was offline for a while, a controller
// enabled since), and that again where somebody removes a parent under our feet.
UniqueFd make_limited_group_again(const Site& site, const std::string& path, const Limits& limits,
                                  bool from_top, Made& made) {
  for (int attempt = 0;; ++attempt) {
    try {
      return make_limited_group(site, path, limits, from_top || attempt > 0, made);
    } catch (const Error& e) {
      const bool removed = e.code() == ENOENT || e.code() == ENODEV;
      if (attempt == 3 || (attempt > 0 && !removed)) throw;
    }
  }
}

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

Node::Node(Hierarchy hierarchy, std::string path, std::vector<UniqueFd> groups)
    : hierarchy_(std::move(hierarchy)), path_(std::move(path)), groups_(std::move(groups)) {}

Node Node::create(const Hierarchy& hierarchy, const std::string& path, const Limits& limits,
                  const std::function<void()>& if_there) {
  const std::vector<Site> all = sites(hierarchy);
  if (all.empty()) throw Error("make cgroup '" + path + "': the host has no cgroup controllers");
  require_controllers(all, limits, path);
  // A parent made for fewer controllers would do without the others in silence.
  const bool from_top = hierarchy.controllers != ControllerSet::limits;
  Made made;
  std::vector<UniqueFd> groups;
  try {
    for (const Site& site : all) {
      groups.push_back(make_limited_group_again(site, path, limits, from_top && site.v2, made));
    }
  } catch (const Error& e) {
    if (e.code() == 0) throw;  // one of ours, complete
    throw e.within("make cgroup '" + path + "'");
  }
  if (made.met() && if_there) if_there();
  made.keep();
  return {hierarchy, path, std::move(groups)};
}

Tops missing_groups(const Hierarchy& hierarchy, const std::string& path) {
  return missing_of(hierarchy, components(path));
}

Tops missing_parents(const Hierarchy& hierarchy, const std::string& path) {
  std::vector<std::string> parts = components(path);
  parts.pop_back();
  return missing_of(hierarchy, parts);
}

std::optional<Node> Node::find(const Hierarchy& hierarchy, const std::string& path) {
  const std::vector<std::string> parts = components(path);
  std::vector<UniqueFd> groups;
  for (const Site& site : sites(hierarchy)) {
    auto group = open_group(site, parts);
    if (!group) return std::nullopt;
    groups.push_back(std::move(*group));
  }
  if (groups.empty()) return std::nullopt;
  return Node(hierarchy, path, std::move(groups));
}

void Node::close() {
  groups_.clear();
}

CgroupJoin Node::join() const {
  const std::vector<Site> all = sites(hierarchy_);
  std::vector<UniqueFd> opened;
  for (size_t i = 0; groups_.empty() && i < all.size(); ++i) {
    auto group = open_group(all[i], components(path_));
    if (!group) throw Error("join cgroup", path_, ENOENT);
    opened.push_back(std::move(*group));
  }
  const std::vector<UniqueFd>& groups = groups_.empty() ? opened : groups_;
  CgroupJoin join;
  for (size_t i = 0; i < all.size(); ++i) {
    const int group = groups[i].get();
    if (all[i].v2) {
      join.v2_procs = open_file(group, "cgroup.procs", O_WRONLY);
      join.v2_dir = duplicate(group);
    } else {
      join.v1_tasks.push_back(open_file(group, "tasks", O_WRONLY));
    }
  }
  return join;
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
