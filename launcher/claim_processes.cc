#include "launcher/claim_processes.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "rdt/known_capability.h"
#include "rdt/tasks.h"

namespace berth::launcher {
namespace {

void add_descendants(pid_t process, std::set<pid_t>& found) {
  const std::string dir = fmt::format("/proc/{}/task", process);
  const auto threads = open_dir_if_exists(AT_FDCWD, dir);
  if (!threads) return;
  for (const std::string& thread : list_dir(threads->get())) {
    // proc(5): exact while they do not come and go; who is missed is seen by the next look.
    const auto text = read_file_if_exists(threads->get(), thread + "/children");
    if (!text) continue;
    std::istringstream children(*text);
    for (pid_t child = 0; children >> child;) {
      if (found.insert(child).second) add_descendants(child, found);
    }
  }
}

}  // namespace

std::vector<pid_t> processes_of(const Roots& roots, const std::string& claim) {
  const auto own = runtime::cgroup::processes(roots.hierarchy, cgroup_path(claim));
  std::set<pid_t> found(own.begin(), own.end());
  for (const Use& use : roots.claims.uses(claim)) {
    if (use.holder.alive()) add_descendants(use.holder.pid, found);
  }
  return {found.begin(), found.end()};
}

std::vector<std::string> bring_back(const Roots& roots, const std::vector<std::string>& claims) {
  std::vector<std::string> lines;
  if (!roots.resctrl) return lines;
  const int state_dir = roots.claims.state_dir();
  const rdt::Layout layout =
      rdt::read_ledger(state_dir, rdt::known_capability(*roots.resctrl, state_dir));
  for (const std::string& claim : claims) {
    const auto place = rdt::place_of(layout, claim);
    if (!place) continue;
    try {
      const size_t moved = rdt::bring_back(*roots.resctrl, *place, processes_of(roots, claim));
      if (moved == 0) continue;
      lines.push_back(fmt::format("moved {} threads of {} back into group '{}'", moved,
                                  layout.member(claim)->purpose, place->group));
    } catch (const Error& error) {
      // The others' are brought back all the same.
      lines.push_back(fmt::format("could not move the threads of {} back into group '{}': {}",
                                  layout.member(claim)->purpose, place->group, error.message()));
    }
  }
  return lines;
}

}  // namespace berth::launcher
