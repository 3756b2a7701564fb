#include "rdt/tasks.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/file.h"

namespace berth::rdt {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// False for a thread that is dead and only waits for its parent to look: the kernel lists it still.
bool runs(pid_t tid) {
  if (tid == 0) return true;  // of another pid namespace: not to be looked at from here
  const auto stat = read_file_if_exists(AT_FDCWD, fmt::format("/proc/{}/stat", tid));
  if (!stat) return false;
  const size_t state = stat->rfind(')') + 2;  // the name before it may hold anything
  return state >= stat->size() || ((*stat)[state] != 'Z' && (*stat)[state] != 'X');
}

// Kills what is there. By pidfd, and only where the group still names the thread once the pidfd is
// open: a number read from a file may be somebody else's by the time it is used. Threads that lead
// no process are passed over (EINVAL): their leader is what gets killed.
void kill_once(const Resctrl& resctrl, const Place& place) {
  std::vector<std::pair<pid_t, UniqueFd>> opened;
  for (const pid_t tid : running_at(resctrl, place)) {
    if (tid <= 1 || tid == ::getpid()) continue;
    UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, tid, 0)));
    if (pidfd) opened.emplace_back(tid, std::move(pidfd));
  }
  const std::vector<pid_t> still = running_at(resctrl, place);
  for (const auto& [tid, pidfd] : opened) {
    if (std::ranges::find(still, tid) == still.end()) continue;
    ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
  }
}

// Nothing where the process is gone.
std::vector<pid_t> threads_of(pid_t process) {
  std::vector<pid_t> tids;
  const auto dir = open_dir_if_exists(AT_FDCWD, fmt::format("/proc/{}/task", process));
  if (!dir) return tids;
  for (const std::string& name : list_dir(dir->get())) {
    pid_t tid = 0;
    std::from_chars(name.data(), name.data() + name.size(), tid);
    if (tid > 0) tids.push_back(tid);
  }
  return tids;
}

}  // namespace

std::vector<pid_t> tasks_at(const Resctrl& resctrl, const Place& place) {
  std::vector<pid_t> tids;
  try {
    const std::optional<Group> group = resctrl.find(place.group);
    if (!group) return tids;
    if (place.monitor.empty()) return group->tasks();
    for (const std::string& name : group->monitor_names()) {
      if (name.substr(0, name.find('.')) != place.monitor) continue;
      const std::optional<Group> monitor = group->find_monitor(name);
      if (!monitor) continue;
      const std::vector<pid_t> there = monitor->tasks();
      tids.insert(tids.end(), there.begin(), there.end());
    }
  } catch (const Error& e) {
    if (e.code() != ENODEV && e.code() != ENOENT) throw;
  }
  return tids;
}

std::vector<pid_t> running_at(const Resctrl& resctrl, const Place& place) {
  std::vector<pid_t> tids = tasks_at(resctrl, place);
  std::erase_if(tids, [](pid_t tid) { return !runs(tid); });
  return tids;
}

void kill_tasks(const Resctrl& resctrl, const Place& place) {
  const auto deadline = steady_clock::now() + std::chrono::seconds(2);
  while (!running_at(resctrl, place).empty() && steady_clock::now() < deadline) {
    kill_once(resctrl, place);
    std::this_thread::sleep_for(milliseconds(5));
  }
}

size_t bring_back(const Resctrl& resctrl, const Place& place, std::span<const pid_t> processes) {
  if (processes.empty()) return 0;
  const OpenPlace open = open_place(resctrl, place);
  std::vector<pid_t> lost = resctrl.default_group().tasks();
  std::ranges::sort(lost);
  size_t moved = 0;
  for (const pid_t process : processes) {
    for (const pid_t tid : threads_of(process)) {
      if (std::ranges::binary_search(lost, tid) && open.add(tid)) ++moved;
    }
  }
  return moved;
}

}  // namespace berth::rdt
