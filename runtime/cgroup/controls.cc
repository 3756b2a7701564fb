#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "runtime/cgroup/driver.h"

namespace berth::runtime::cgroup {
namespace {

Error missing(const std::string& controller, const std::string& path) {
  return Error("limit cgroup '" + path + "': the controller '" + controller + "' is not available");
}

std::vector<Control> in_site(const Site& site, std::vector<Control> list) {
  std::erase_if(list, [&](const Control& control) { return !site.has(control.controller); });
  return list;
}

}  // namespace

std::vector<Control> controls(const Site& site, const Limits& limits) {
  return in_site(site, site.v2 ? v2::controls(limits) : v1::controls(limits));
}

std::vector<Control> late_controls(const Site& site, const Limits& limits) {
  return in_site(site, site.v2 ? v2::controls(limits) : v1::late_controls(limits));
}

void require_controllers(const std::vector<Site>& all, const Limits& limits,
                         const std::string& path) {
  for (const Control& control : v2::controls(limits)) {
    const auto has = [&](const Site& site) { return site.has(control.controller); };
    if (std::ranges::none_of(all, has)) throw missing(control.controller, path);
  }
}

std::optional<UniqueFd> open_control(int group, const Control& control, const std::string& path) {
  const int fd = ::openat(group, control.file.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) {
    if (control.optional) return std::nullopt;
    throw missing(control.controller, path);
  }
  return UniqueFd(check(fd, "open", control.file));
}

}  // namespace berth::runtime::cgroup
