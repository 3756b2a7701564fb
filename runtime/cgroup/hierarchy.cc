#include "runtime/cgroup/hierarchy.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/file.h"

namespace berth::runtime::cgroup {
namespace {

// What is before the next separator, which goes with it.
std::string_view take_part(std::string_view& text, char separator) {
  const size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::string_view part = take_part(text, separator);
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

// The kernel writes blanks, tabs, newlines, `#` and backslashes as `\ooo`.
std::string unescape(std::string_view text) {
  if (text.find('\\') == std::string_view::npos) return std::string(text);
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
        is_octal(text[i + 3])) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                 (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// What the line says, in it.
struct Mount {
  unsigned id = 0, parent = 0;
  std::string_view root, point;  // escaped, as all of them are
  std::string_view type, options;
};

unsigned number_in(std::string_view text) {
  unsigned number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// `36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/root rw,errors=continue`: any number of
// optional fields before the lone dash.
std::optional<Mount> parse_line(std::string_view line) {
  const auto next = [](std::string_view& rest) { return take_part(rest, ' '); };
  const size_t dash = line.find(" - ");
  if (dash == std::string_view::npos) return std::nullopt;
  std::string_view first = line.substr(0, dash), second = line.substr(dash + 3);
  Mount mount;
  mount.id = number_in(next(first));
  mount.parent = number_in(next(first));
  (void)next(first);  // device
  mount.root = next(first);
  mount.point = next(first);
  mount.type = next(second);
  (void)next(second);  // source
  mount.options = next(second);
  if (first.empty() || mount.options.empty()) return std::nullopt;
  return mount;
}

std::vector<Mount> parse_lines(std::string_view mountinfo) {
  std::vector<Mount> mounts;
  for (const std::string_view line : split(mountinfo, '\n')) {
    if (auto mount = parse_line(line)) mounts.push_back(*mount);
  }
  return mounts;
}

bool is_at_or_below(std::string_view path, std::string_view top) {
  return top == "/" ||
         (path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/'));
}

// Whether a path of `mount` meets another mount first: one on the same mount, at its place or above
// it.
bool is_covered(const Mount& mount, const std::vector<Mount>& all) {
  return std::ranges::any_of(all, [&](const Mount& other) {
    return other.parent == mount.parent && other.id != mount.id &&
           is_at_or_below(mount.point, other.point);
  });
}

// Whether its path leads elsewhere, for a mount on top of it or on the way to it.
bool is_hidden(const Mount& mount, const std::vector<Mount>& all) {
  const auto on_top = [&](const Mount& other) {
    return other.parent == mount.id && other.id != mount.id && other.point == mount.point;
  };
  if (std::ranges::any_of(all, on_top)) return true;
  auto at = std::ranges::find(all, mount.id, &Mount::id);
  for (size_t steps = 0; at != all.end() && steps < all.size(); ++steps) {
    if (is_covered(*at, all)) return true;
    if (at->parent == at->id) return false;
    at = std::ranges::find(all, at->parent, &Mount::id);
  }
  return false;
}

// A v1 hierarchy's super options name its controllers amid a few flags.
std::vector<std::string> controllers_in(std::string_view options) {
  constexpr std::array<std::string_view, 10> kFlags = {
      "rw",    "ro",           "none",     "noprefix",       "clone_children",
      "xattr", "favordynmods", "seclabel", "cpuset_v2_mode", "lazytime"};
  std::vector<std::string> names;
  for (const std::string_view option : split(options, ',')) {
    const bool other = option.find('=') != std::string_view::npos && !option.starts_with("name=");
    if (!other && std::ranges::find(kFlags, option) == kFlags.end()) names.emplace_back(option);
  }
  return names;
}

// Whether a mount of the same hierarchy should stand in for the one that is known.
bool is_better(const Mount& mount, std::string_view known_root) {
  return mount.root == "/" && known_root != "/";
}

void add_v1(std::vector<V1Mount>& mounts, const Mount& mount) {
  std::vector<std::string> controllers = controllers_in(mount.options);
  const auto known = std::ranges::find(mounts, controllers, &V1Mount::controllers);
  if (known == mounts.end()) {
    mounts.push_back({unescape(mount.point), std::move(controllers), unescape(mount.root)});
  } else if (is_better(mount, known->root)) {
    *known = {unescape(mount.point), std::move(controllers), unescape(mount.root)};
  }
}

// `4:cpu,cpuacct:/path`; v2 is `0::/path`. The path may itself hold colons.
std::optional<ProcessCgroup> parse_group(std::string_view line) {
  const size_t names = line.find(':');
  const size_t path = names == std::string_view::npos ? names : line.find(':', names + 1);
  if (path == std::string_view::npos) return std::nullopt;
  return ProcessCgroup{line.substr(names + 1, path - names - 1), line.substr(path + 1)};
}

// An empty one is v2's.
bool has_controller(const ProcessCgroup& group, std::string_view controller) {
  if (controller.empty()) return group.controllers.empty();
  for (std::string_view rest = group.controllers; !rest.empty();) {
    if (take_part(rest, ',') == controller) return true;
  }
  return false;
}

}  // namespace

const V1Mount* Hierarchy::v1_of(std::string_view controller) const {
  for (const V1Mount& mount : v1) {
    if (std::ranges::find(mount.controllers, controller) != mount.controllers.end()) return &mount;
  }
  return nullptr;
}

bool Hierarchy::v2_has(std::string_view controller) const {
  return std::ranges::find(v2_controllers, controller) != v2_controllers.end();
}

std::string Tops::at(const std::string& mount) const {
  const auto found = by_mount.find(mount);
  return found == by_mount.end() ? everywhere : found->second;
}

Hierarchy parse_mountinfo(std::string_view mountinfo) {
  Hierarchy found;
  const std::vector<Mount> mounts = parse_lines(mountinfo);
  for (const Mount& mount : mounts) {
    if (!mount.type.starts_with("cgroup") || is_hidden(mount, mounts)) continue;
    if (mount.type == "cgroup") {
      add_v1(found.v1, mount);
    } else if (mount.type == "cgroup2" && (found.v2.empty() || is_better(mount, found.v2_root))) {
      found.v2 = unescape(mount.point);
      found.v2_root = unescape(mount.root);
    }
  }
  return found;
}

Hierarchy detect(ControllerSet set) {
  Hierarchy found = parse_mountinfo(read_file(AT_FDCWD, "/proc/self/mountinfo", size_t{64} << 20));
  found.controllers = set;
  if (set == ControllerSet::delegated) found.v1.clear();
  if (found.v2.empty()) return found;
  found.v2_controllers = controllers_of(read_file(AT_FDCWD, found.v2 + "/cgroup.controllers"));
  return found;
}

std::vector<std::string> controllers_of(std::string_view text) {
  std::vector<std::string> names;
  for (const std::string_view line : split(text, '\n')) {
    for (const std::string_view name : split(line, ' ')) names.emplace_back(name);
  }
  return names;
}

std::vector<ProcessCgroup> groups_of_process(std::string_view proc_cgroup) {
  std::vector<ProcessCgroup> groups;
  while (!proc_cgroup.empty()) {
    if (const auto group = parse_group(take_part(proc_cgroup, '\n'))) groups.push_back(*group);
  }
  return groups;
}

std::optional<std::string> path_of_process(std::string_view proc_cgroup,
                                           std::string_view controller) {
  while (!proc_cgroup.empty()) {
    const auto group = parse_group(take_part(proc_cgroup, '\n'));
    if (group && has_controller(*group, controller)) return std::string(group->path);
  }
  return std::nullopt;
}

std::optional<std::string> below_mount(std::string_view mount_root, std::string_view cgroup) {
  if (mount_root == "/") mount_root = "";
  if (!cgroup.starts_with(mount_root)) return std::nullopt;
  cgroup.remove_prefix(mount_root.size());
  if (!cgroup.empty() && cgroup.front() != '/') return std::nullopt;
  return std::string(cgroup.substr(std::min<size_t>(1, cgroup.size())));
}

}  // namespace berth::runtime::cgroup
