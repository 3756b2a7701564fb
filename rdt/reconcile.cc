#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "rdt/ledger.h"
#include "rdt/ledger_view.h"

namespace berth::rdt {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::vector<std::string> names_of_dead(const Resctrl& resctrl, const Ledger& ledger,
                                       const IsAlive& alive) {
  std::set<std::string> names;
  for (const auto& [name, group] : ledger.groups) names.insert(name);
  for (const std::string& name : resctrl.group_names()) {
    if (name.starts_with(kGroupPrefix)) names.insert(name);
  }
  std::erase_if(names, [&](const std::string& name) {
    const auto recorded = ledger.groups.find(name);
    return alive(name, recorded == ledger.groups.end() ? nullptr : &recorded->second);
  });
  return {names.begin(), names.end()};
}

// False for a thread that is dead and only waits for its parent to look: the kernel lists it still.
bool runs(pid_t tid) {
  if (tid == 0) return true;  // of another pid namespace: not to be looked at from here
  const auto stat = read_file_if_exists(AT_FDCWD, fmt::format("/proc/{}/stat", tid));
  if (!stat) return false;
  const size_t state = stat->rfind(')') + 2;  // the name before it may hold anything
  return state >= stat->size() || ((*stat)[state] != 'Z' && (*stat)[state] != 'X');
}

std::vector<pid_t> tasks_of(const Resctrl& resctrl, const std::string& name) {
  std::vector<pid_t> tids;
  try {
    const std::optional<Group> group = resctrl.find(name);
    if (group) tids = group->tasks();
  } catch (const Error& e) {
    if (e.code() != ENODEV && e.code() != ENOENT) throw;
  }
  std::erase_if(tids, [](pid_t tid) { return !runs(tid); });
  return tids;
}

// Kills what is in the group. By pidfd, and only where the group still names the thread once the
// pidfd is open: a number read from a file may be somebody else's by the time it is used. Threads
// that lead no process are passed over (EINVAL): their leader is what gets killed.
void kill_once(const Resctrl& resctrl, const std::string& name) {
  std::vector<std::pair<pid_t, UniqueFd>> opened;
  for (const pid_t tid : tasks_of(resctrl, name)) {
    if (tid <= 1 || tid == ::getpid()) continue;
    UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, tid, 0)));
    if (pidfd) opened.emplace_back(tid, std::move(pidfd));
  }
  const std::vector<pid_t> still = tasks_of(resctrl, name);
  for (const auto& [tid, pidfd] : opened) {
    if (std::ranges::find(still, tid) == still.end()) continue;
    ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
  }
}

void kill_all(const Resctrl& resctrl, const std::string& name) {
  const auto deadline = steady_clock::now() + std::chrono::seconds(2);
  while (!tasks_of(resctrl, name).empty() && steady_clock::now() < deadline) {
    kill_once(resctrl, name);
    std::this_thread::sleep_for(milliseconds(5));
  }
}

// Temporary files of a replace_file that died; nobody writes now, for we have the lock.
void remove_temporaries(int state_dir) {
  for (const std::string& name : list_dir(state_dir)) {
    if (name.starts_with(".rdt.json.")) ::unlinkat(state_dir, name.c_str(), 0);
  }
}

void remove_dead(const Resctrl& resctrl, Ledger& ledger, const std::string& name,
                 std::vector<std::string>& lines) {
  const size_t tasks = tasks_of(resctrl, name).size();
  const bool existed = resctrl.remove(name);
  const auto recorded = ledger.groups.find(name);
  std::string line = fmt::format("{} group '{}'", existed ? "removed" : "forgot", name);
  if (recorded != ledger.groups.end()) line += fmt::format(" of {}", recorded->second.purpose);
  if (tasks > 0) line += fmt::format(", its {} tasks are in the default group now", tasks);
  lines.push_back(std::move(line));
  ledger.groups.erase(name);
}

void restore_living(const Resctrl& resctrl, const Capability& capability, const Ledger& ledger,
                    std::vector<std::string>& lines) {
  for (const auto& [name, recorded] : ledger.groups) {
    try {
      if (restore_group(resctrl, capability, name, recorded)) {
        lines.push_back(
            fmt::format("gave group '{}' of {} its ways again", name, recorded.purpose));
      }
    } catch (const Error& e) {
      lines.push_back(e.within(fmt::format("group '{}' is not as recorded", name)).message());
    }
  }
}

}  // namespace

std::vector<std::string> reconcile(const Resctrl& resctrl, int state_dir, const IsAlive& alive,
                                   bool kill_tasks) {
  if (kill_tasks) {
    std::vector<std::string> dead;
    {
      const Resctrl::Lock lock = resctrl.lock();
      dead = names_of_dead(resctrl, read_ledger(state_dir), alive);
    }
    // Not under the lock, which others wait for: dying takes its time.
    for (const std::string& name : dead) kill_all(resctrl, name);
  }
  const Resctrl::Lock lock = resctrl.lock();
  const Capability capability = resctrl.capability();
  remove_temporaries(state_dir);
  Ledger ledger = read_ledger(state_dir);
  const Ledger before = ledger;
  std::vector<std::string> lines;
  for (const std::string& name : names_of_dead(resctrl, ledger, alive)) {
    remove_dead(resctrl, ledger, name, lines);
  }
  if (before.groups.empty()) return lines;  // nothing of the default group's is known
  if (settle_default(resctrl, capability, ledger)) {
    lines.push_back(fmt::format("gave the default group what it {}",
                                ledger.groups.empty() ? "had before" : "is left with"));
  }
  restore_living(resctrl, capability, ledger, lines);
  if (ledger.groups.empty()) ledger.original = {};
  if (ledger != before) write_ledger(state_dir, ledger);
  return lines;
}

std::vector<std::string> reconcile(const Resctrl& resctrl, int state_dir,
                                   const std::vector<std::string>& alive, bool kill_tasks) {
  return reconcile(
      resctrl, state_dir,
      [&alive](const std::string& name, const LedgerGroup*) {
        return std::ranges::find(alive, name) != alive.end();
      },
      kill_tasks);
}

}  // namespace berth::rdt
