// Late limits in a group that is not ours: found through /proc/PID/cgroup, and left alone where it
// is anybody else's too.
#include <fcntl.h>

#include <set>

#include "base/error.h"
#include "base/file.h"
#include "runtime/cgroup/driver.h"
#include "runtime/cgroup/group.h"

namespace berth::runtime::cgroup {
namespace {

struct Place {
  std::string cgroup;  // as in /proc/PID/cgroup
  UniqueFd group;
};

Place place_of_process(const Site& site, std::string_view proc_cgroup) {
  const auto cgroup = path_of_process(proc_cgroup, site.v2 ? "" : site.controllers.front());
  if (!cgroup) throw Error("its cgroup in '" + site.mount + "' is not known");
  if (*cgroup == "/") throw Error("it is in the root cgroup of '" + site.mount + "'");
  const auto below = below_mount(site.root, *cgroup);
  if (!below) throw Error("its cgroup '" + *cgroup + "' is not visible in '" + site.mount + "'");
  auto group = open_group(site, below->empty() ? std::vector<std::string>{} : components(*below));
  if (!group) throw Error("open cgroup", *cgroup, ENOENT);
  return {*cgroup, std::move(*group)};
}

// A limit on a shared group would hit who shares it: where Slurm makes no group for each task, that
// is slurmd and every job of the node.
void require_alone(const Place& place, pid_t pid) {
  std::set<pid_t> found;
  collect_processes(place.group.get(), found);
  found.erase(pid);
  if (!found.empty()) throw Error("its cgroup '" + place.cgroup + "' holds other processes");
}

}  // namespace

LateLimits late_limits_of_process(const Hierarchy& hierarchy, pid_t pid, const Limits& limits) {
  const std::string name = std::to_string(pid);
  const std::string proc_cgroup = read_file(AT_FDCWD, "/proc/" + name + "/cgroup");
  const std::vector<Site> all = sites(hierarchy);
  require_controllers(all, limits, path_of_process(proc_cgroup, "").value_or("/"));
  LateLimits late;
  try {
    for (const Site& site : all) {
      const std::vector<Control> list = late_controls(site, limits);
      if (list.empty()) continue;
      const Place place = place_of_process(site, proc_cgroup);
      require_alone(place, pid);
      for (const Control& control : list) {
        auto file = open_control(place.group.get(), control, place.cgroup);
        if (file) late.limits.push_back({std::move(*file), control.value, control.file});
      }
    }
  } catch (const Error& e) {
    throw e.within("limit process " + name);
  }
  return late;
}

}  // namespace berth::runtime::cgroup
