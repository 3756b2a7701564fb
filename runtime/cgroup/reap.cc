// The end of a group: who is in it, killing them, removing it. All of it bounded in time.
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <set>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/process_identity.h"
#include "runtime/cgroup/freezer.h"
#include "runtime/cgroup/group.h"
#include "runtime/cgroup/node.h"

namespace berth::runtime::cgroup {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kKillFor = std::chrono::seconds(2);
constexpr auto kRemoveFor = std::chrono::seconds(1);
constexpr auto kPause = std::chrono::milliseconds(2);
constexpr size_t kPidfdsAtOnce = 128;  // far below the usual RLIMIT_NOFILE

std::vector<UniqueFd> open_groups(const Hierarchy& hierarchy, const std::string& path) {
  std::vector<UniqueFd> groups;
  for (const Site& site : sites(hierarchy)) {
    if (auto group = open_group(site, components(path))) groups.push_back(std::move(*group));
  }
  return groups;
}

std::set<pid_t> members(const std::vector<UniqueFd>& groups) {
  std::set<pid_t> found;
  for (const UniqueFd& group : groups) collect_processes(group.get(), found);
  found.erase(0);  // outside our PID namespace; and to kill(2), 0 is ourselves
  return found;
}

// While it lives, nothing in the group can fork: a fork loop cannot run away from the signals.
class ForkStop {
 public:
  explicit ForkStop(int group) {
    const auto limit = read_file_if_exists(group, "pids.max");
    if (!limit || *limit == "0\n") return;  // stopped already, perhaps by another killer
    before_ = *limit;
    file_ = open_file(group, "pids.max", O_WRONLY);
    write_once(file_.get(), "0", "pids.max");
  }
  ~ForkStop() {
    if (file_ && ::write(file_.get(), before_.data(), before_.size()) < 0) {
      // The group is gone: there is nothing left to give back.
    }
  }
  ForkStop(const ForkStop&) = delete;
  ForkStop& operator=(const ForkStop&) = delete;
  ForkStop(ForkStop&&) = default;
  ForkStop& operator=(ForkStop&&) = delete;

 private:
  std::string before_;
  UniqueFd file_;
};

// Kills those of `pids` that are members still. A pidfd is taken before the second look, so the
// signal can only reach who was in the group then, never a stranger that got a recycled pid.
void signal_members(const std::vector<UniqueFd>& groups, const std::vector<pid_t>& pids) {
  std::vector<std::pair<pid_t, UniqueFd>> opened;
  for (const pid_t pid : pids) {
    if (auto process = open_process(pid)) opened.emplace_back(pid, std::move(*process));
  }
  const std::set<pid_t> now = members(groups);
  for (const auto& [pid, fd] : opened) {
    if (!now.contains(pid)) continue;
    if (::syscall(SYS_pidfd_send_signal, fd.get(), SIGKILL, nullptr, 0) < 0 && errno != ESRCH) {
      throw Error("kill process", std::to_string(pid), errno);
    }
  }
}

void signal_all(const std::vector<UniqueFd>& groups, const std::set<pid_t>& found) {
  std::vector<pid_t> some;
  for (const pid_t pid : found) {
    some.push_back(pid);
    if (some.size() == kPidfdsAtOnce) signal_members(groups, std::exchange(some, {}));
  }
  if (!some.empty()) signal_members(groups, some);
}

// cgroup.kill (v2, Linux 5.14): all at once and safe against forks. False where there is none.
bool kill_by_kernel(int group) {
  const int fd = ::openat(group, "cgroup.kill", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  write_once(UniqueFd(fd).get(), "1", "cgroup.kill");
  return true;
}

// Removes all below `group`, deepest first, as far as it goes.
void remove_below(int group) {
  for (const std::string& name : list_subdirectories(group)) {
    if (const auto below = descend(group, {name})) remove_below(below->get());
    ::unlinkat(group, name.c_str(), AT_REMOVEDIR);  // what is still busy shows at the top's own
  }
}

// True where it is gone. Nobody can put a symbolic link into a cgroup hierarchy: the path is safe.
bool remove_once(const Site& site, const std::vector<std::string>& parts) {
  const std::string path = path_of(site, parts);
  const auto is_gone = [&] { return ::rmdir(path.c_str()) == 0 || errno == ENOENT; };
  if (is_gone()) return true;
  if (errno == EBUSY || errno == ENOTEMPTY) {
    if (const auto group = open_group(site, parts)) remove_below(group->get());
    if (is_gone()) return true;
  }
  if (errno != EBUSY) throw Error("remove cgroup", path, errno);
  return false;
}

bool remove_from(const Site& site, const std::vector<std::string>& parts,
                 Clock::time_point deadline) {
  while (!remove_once(site, parts)) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

std::string join_numbers(const std::set<pid_t>& pids) {
  std::string text;
  for (const pid_t pid : pids) text += (text.empty() ? "" : ", ") + std::to_string(pid);
  return text;
}

// The kernel keeps what is in use (EBUSY, ENOTEMPTY): exactly what is wanted.
void prune_at(const Site& site, const std::vector<std::string>& parts) {
  (void)::rmdir(path_of(site, parts).c_str());
}

}  // namespace

std::vector<std::string> children(const Hierarchy& hierarchy, const std::string& path) {
  std::set<std::string> names;
  for (const UniqueFd& group : open_groups(hierarchy, path)) {
    for (std::string& name : list_subdirectories(group.get())) names.insert(std::move(name));
  }
  return {names.begin(), names.end()};
}

std::vector<pid_t> processes(const Hierarchy& hierarchy, const std::string& path) {
  const std::set<pid_t> found = members(open_groups(hierarchy, path));
  return {found.begin(), found.end()};
}

void kill_all(const Hierarchy& hierarchy, const std::string& path) {
  const std::vector<UniqueFd> groups = open_groups(hierarchy, path);
  const Clock::time_point deadline = Clock::now() + kKillFor;
  std::set<pid_t> left = members(groups);
  if (left.empty()) return;
  std::vector<ForkStop> stops;
  bool again = false;  // some were signalled and live
  for (const UniqueFd& group : groups) {
    if (!kill_by_kernel(group.get())) stops.emplace_back(group.get());
  }
  for (left = members(groups); !left.empty(); left = members(groups)) {
    if (Clock::now() > deadline) {
      throw Error("kill processes of cgroup '" + path + "': still alive: " + join_numbers(left));
    }
    signal_all(groups, left);
    // v1 alone: a frozen process dies when it may go on. Signalled first, it does nothing else.
    if (hierarchy.controllers != ControllerSet::limits) {
      thaw(hierarchy, path);
      if (again) bring_back(hierarchy, path, left);
    }
    again = true;
    std::this_thread::sleep_for(kPause);
  }
}

bool remove(const Hierarchy& hierarchy, const std::string& path) {
  const Clock::time_point deadline = Clock::now() + kRemoveFor;
  bool gone = true;
  for (const Site& site : sites(hierarchy)) {
    gone = remove_from(site, components(path), deadline) && gone;
  }
  return gone;
}

bool remove_if_idle(const Hierarchy& hierarchy, const std::string& path) {
  bool gone = true;
  for (const Site& site : sites(hierarchy)) gone = remove_once(site, components(path)) && gone;
  return gone;
}

void prune(const Hierarchy& hierarchy, const std::string& path) {
  for (const Site& site : sites(hierarchy)) prune_at(site, components(path));
}

void prune_above(const Hierarchy& hierarchy, const std::string& path, const Tops& tops) {
  for (const Site& site : sites(hierarchy)) {
    const std::string top = tops.at(site.mount);
    if (top.empty() || !path.starts_with(top + "/")) continue;
    const size_t kept = components(top).size();
    for (auto parts = components(path); parts.size() > kept;) {
      parts.pop_back();
      prune_at(site, parts);
    }
  }
}

}  // namespace berth::runtime::cgroup
