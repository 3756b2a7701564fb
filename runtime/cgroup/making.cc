#include "runtime/cgroup/making.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <ranges>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "runtime/cgroup/driver.h"
#include "runtime/cgroup/group.h"

namespace berth::runtime::cgroup {
namespace {

// The trees of others begin where others want them, and have the CPUs that others gave them.
bool is_top_of_ours(size_t depth, const std::string& part) {
  return depth == 0 && part.starts_with("berth");
}

}  // namespace

Making::Making(const Hierarchy& hierarchy, std::string path, Limits limits)
    : hierarchy_(hierarchy),
      path_(std::move(path)),
      limits_(std::move(limits)),
      all_(sites(hierarchy_)) {
  if (all_.empty()) throw Error("make cgroup '" + path_ + "': the host has no cgroup controllers");
  require_controllers(all_, limits_, path_);
}

Making::~Making() {
  for (const std::string& path : made_ | std::views::reverse) ::rmdir(path.c_str());
}

bool Making::make_v2() {
  return make(Part::v2);
}

bool Making::make_v1() {
  return make(Part::v1);
}

bool Making::make(Part part) {
  // A parent made for fewer controllers would do without the others in silence.
  const bool from_top = hierarchy_.controllers != ControllerSet::limits;
  met_ = false;
  try {
    for (const Site& site : all_) {
      if (site.v2 == (part == Part::v2)) make_group_again(site, from_top && site.v2);
    }
  } catch (const Error& e) {
    if (e.code() == 0) throw;  // one of ours, complete
    throw e.within("make cgroup '" + path_ + "'");
  }
  return met_;
}

// First the short way, below a parent that is there (unless `from_top`). What fails on it gets the
// long way, which repairs the groups above (a CPU that was offline for a while, a controller
// enabled since), and that again where somebody removes a parent under our feet.
void Making::make_group_again(const Site& site, bool from_top) {
  for (int attempt = 0;; ++attempt) {
    try {
      return make_limited_group(site, from_top || attempt > 0);
    } catch (const Error& e) {
      const bool removed = e.code() == ENOENT || e.code() == ENODEV;
      if (attempt == 3 || (attempt > 0 && !removed)) throw;
    }
  }
}

void Making::make_limited_group(const Site& site, bool from_top) {
  const std::vector<Control> list = controls(site, limits_);
  if (!from_top && !site.v2 && !v1::inherits(site) && list.empty()) return make_by_path(site);
  const UniqueFd group = make_group(site, from_top);
  for (const Control& control : list) {
    const auto file = open_control(group.get(), control, path_);
    if (file) write_once(file->get(), control.value, control.file);
  }
}

// With one call of the kernel, where a directory is all that it takes, below a parent that is
// there.
void Making::make_by_path(const Site& site) {
  std::string path = path_of(site, components(path_));
  if (make_dir(AT_FDCWD, path, 0755)) {
    made_.push_back(std::move(path));
  } else {
    met_ = true;
  }
}

// With what is missing above it made too. Where its parent is there already, that one is trusted to
// be usable, unless `from_top`.
UniqueFd Making::make_group(const Site& site, bool from_top) {
  const std::vector<std::string> parts = components(path_);
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
      made_.push_back(
          path_of(site, {parts.begin(), parts.begin() + static_cast<ptrdiff_t>(depth) + 1}));
    } else if (depth + 1 == parts.size()) {
      met_ = true;
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

CgroupJoin Making::join(Part part) const {
  const std::vector<std::string> parts = components(path_);
  CgroupJoin join;
  for (const Site& site : all_) {
    if (site.v2 != (part == Part::v2)) continue;
    if (!add_to(join, site, parts)) throw Error("join cgroup", path_, ENOENT);
  }
  return join;
}

CgroupJoin Making::join_v2() const {
  return join(Part::v2);
}

std::vector<UniqueFd> Making::join_v1() const {
  return join(Part::v1).v1_tasks;
}

Node Making::keep() {
  made_.clear();
  return {hierarchy_, path_};
}

}  // namespace berth::runtime::cgroup
