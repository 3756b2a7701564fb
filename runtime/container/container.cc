#include "runtime/container/container.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "base/error.h"
#include "base/process_identity.h"
#include "base/shared_library.h"
#include "runtime/cgroup/delegation.h"
#include "runtime/cgroup/freezer.h"
#include "runtime/cgroup/node.h"
#include "runtime/cgroup/realtime.h"
#include "runtime/container/cache_group.h"
#include "runtime/container/gate.h"
#include "runtime/container/hooks.h"
#include "runtime/container/members.h"
#include "runtime/container/unit.h"
#include "runtime/process/seccomp_agent.h"
#include "runtime/service/around.h"

namespace berth::runtime {
namespace {

constexpr int kEndTries = 1000;  // of 10 ms

// Through a descriptor that is taken before the identity is asked for: never to somebody else that
// got a recycled pid.
void send_signal(pid_t pid, std::optional<unsigned long long> start_time, int signal) {
  const auto process = open_process(pid);
  if (!process) return;
  if (start_time && start_time_of(pid) != start_time) return;
  if (::syscall(SYS_pidfd_send_signal, process->get(), signal, nullptr, 0) < 0 && errno != ESRCH) {
    throw Error("send signal " + std::to_string(signal) + " to process", std::to_string(pid),
                errno);
  }
}

}  // namespace

cgroup::Hierarchy hierarchy_of(const Record& record) {
  if (record.cgroup.empty()) return {};
  if (record.delegated) return cgroup::detect_delegated(record.cgroup);
  return cgroup::detect(cgroup::ControllerSet::container);
}

std::optional<RunningContainer> running_container(const Record& record) {
  auto process = open_process(record.pid);
  if (!process) return std::nullopt;
  RunningContainer container{record.pid, std::move(*process)};
  // Asked once the descriptor holds it: the number may be another's by now.
  if (start_time_of(record.pid) != record.start_time) return std::nullopt;
  return container;
}

Container Container::find(const StateRoot& root, const std::string& id) {
  StateFolder folder = root.find(id);
  Record record = folder.find_record().value_or(Record{});
  record.id = id;
  return {std::move(folder), std::move(record)};
}

const cgroup::Hierarchy& Container::hierarchy() const {
  if (!hierarchy_) hierarchy_ = hierarchy_of(record_);
  return *hierarchy_;
}

Status Container::status() const {
  const Status now = status_of(folder_, record_);
  const bool may_be_frozen = now == Status::running && !record_.cgroup.empty();
  return may_be_frozen && cgroup::is_frozen(hierarchy(), record_.cgroup) ? Status::paused : now;
}

bool Container::lives() const {
  const Status now = status_of(folder_, record_);
  return now != Status::stopped && now != Status::creating;
}

// What was read before the lock may be another command's past.
StateLock Container::lock_and_look_again() {
  StateLock lock = folder_.lock();
  if (auto record = folder_.find_changed_record()) record_ = std::move(*record);
  return lock;
}

spec::Hooks Container::late_hooks() const {
  return record_.late_hooks ? folder_.configuration().hooks : spec::Hooks{};
}

// sd-bus is a shared library's: before anything is done.
void Container::be_ready_for_unit() const {
  if (!record_.unit.empty()) want_shared_libraries();
}

void Container::start() {
  be_ready_for_unit();
  const StateLock lock = lock_and_look_again();
  if (const Status now = status(); now != Status::created) {
    throw Error("cannot start container '" + record_.id + "': it is " + to_string(now));
  }
  const spec::Hooks hooks = late_hooks();
  notify_ = NotifySocket::open(folder_.fd());
  try {
    pass_gate(folder_.fd(), [&] {
      return process::connect_agent(folder_.configuration().linux_.seccomp.value().listener_path);
    });
  } catch (const EnterFailure& e) {
    if (e.exit_code() != kExitHookFailed) throw;
    fail_start(e.what());
  }
  remove_gate(folder_.fd());
  try {
    run_hooks(hooks.poststart, "poststart", state_json(record_, Status::running));
  } catch (const std::exception& e) {
    fail_start(e.what());
  }
}

void Container::await_ready() const {
  if (!notify_) return;
  if (const auto container = running_container(record_)) {
    notify_->pass_on_until_ready(*container);
  } else {
    (void)notify_->pass_on();  // what it said in its short life
  }
}

// The hook is what is told first, whatever else goes wrong.
void Container::fail_start(const std::string& message) {
  std::string all = message;
  try {
    for (const std::string& warning : remove_locked(/*service_cgroups=*/true))
      all += "; " + warning;
  } catch (const std::exception& e) {
    all += std::string("; ") + e.what();
  }
  throw Error(all);
}

std::vector<pid_t> Container::processes() const {
  if (!record_.cgroup.empty()) return cgroup::processes(hierarchy(), record_.cgroup);
  if (const auto members = Members::of(record_)) return members->find();
  return lives() ? std::vector<pid_t>{record_.pid} : std::vector<pid_t>{};
}

// Whether there was one that it could be sent to.
bool Container::signal_all(int signal) const {
  if (record_.cgroup.empty()) {
    const auto members = Members::of(record_);
    const auto pids = members ? members->find() : std::vector<pid_t>{};
    if (members) members->signal(pids, signal);
    return !pids.empty();
  }
  const auto pids = cgroup::processes(hierarchy(), record_.cgroup);
  for (const pid_t pid : pids) send_signal(pid, {}, signal);
  return !pids.empty();
}

void Container::kill(int signal, bool all) const {
  if (signal == SIGKILL && !record_.own.pid && !processes().empty()) return end_processes();
  if (all && signal_all(signal)) return;
  if (all && !lives()) return;
  if (!lives()) throw Error("cannot kill container '" + record_.id + "': container not running");
  send_signal(record_.pid, record_.start_time, signal);
  if (signal != SIGKILL || record_.cgroup.empty()) return;
  // v1: what stands still dies when it may go on.
  cgroup::thaw(hierarchy(), record_.cgroup);
  if (lives()) cgroup::bring_back(hierarchy(), record_.cgroup, {record_.pid});
}

// SIGKILL, until none is left, for a bounded time.
void Container::end_processes() const {
  const bool without_cgroup = record_.cgroup.empty() && !record_.own.pid;
  const auto members = without_cgroup ? Members::of(record_) : std::nullopt;
  if (lives()) send_signal(record_.pid, record_.start_time, SIGKILL);
  if (members) members->kill();
  if (!record_.cgroup.empty()) {
    cgroup::thaw(hierarchy(), record_.cgroup);  // a frozen process dies when it is let go
    cgroup::kill_all(hierarchy(), record_.cgroup);
  }
  for (int i = 0; i < kEndTries && lives(); ++i) ::usleep(10'000);
}

void Container::remove_cgroup() const {
  const std::string& path = record_.cgroup;
  if (!record_.unit.empty()) {
    // systemd would ask them to end first, and wait.
    if (!path.empty() && !cgroup::processes(hierarchy(), path).empty()) end_processes();
    stop_unit(record_);
  }
  if (path.empty()) return;
  if (cgroup::has_realtime(hierarchy(), path)) {
    end_processes();
    cgroup::take_back_realtime(hierarchy(), record_.cgroup_tops, path);
  }
  // Mostly nobody is left in it, and then there is nobody to look for.
  if (!cgroup::remove_if_idle(hierarchy(), path)) {
    end_processes();
    if (!cgroup::remove(hierarchy(), path)) {
      throw Error("remove cgroup '" + path + "': processes are in it still");
    }
  }
  cgroup::prune_above(hierarchy(), path, record_.cgroup_tops);
}

void Container::change_cache_group(const std::vector<std::string>& lines) const {
  if (!record_.cache_group) throw Error("container '" + record_.id + "' has no resctrl group");
  update_cache_group(*record_.cache_group, lines);
}

// runtime-spec: a poststop hook that fails is logged, the rest is done all the same.
std::vector<std::string> Container::run_poststop() const {
  std::vector<std::string> warnings;
  const auto warn = [&](const auto& work) {
    try {
      work();
    } catch (const std::exception& e) {
      warnings.emplace_back(e.what());
    }
  };
  warn([&] {
    const std::vector<spec::Hook> hooks = late_hooks().poststop;
    if (hooks.empty()) return;
    const std::string state = state_json(record_, Status::stopped);
    for (size_t i = 0; i < hooks.size(); ++i) {
      warn([&] { run_hook(hooks[i], "poststop", i, state); });
    }
  });
  return warnings;
}

std::vector<std::string> Container::remove(bool force, bool service_cgroups) {
  if (removed_) return {};
  be_ready_for_unit();
  const StateLock lock = lock_and_look_again();
  const Status now = status();
  if (!force && now != Status::stopped && now != Status::created) {
    throw Error("cannot delete container '" + record_.id + "' that is not stopped: it is " +
                to_string(now));
  }
  return remove_locked(service_cgroups);
}

std::vector<std::string> Container::remove_locked(bool service_cgroups) {
  if (lives() || (record_.cgroup.empty() && !record_.own.pid)) end_processes();
  remove_cgroup();
  if (record_.cache_group) remove_cache_group(*record_.cache_group);
  std::vector<std::string> warnings = run_poststop();
  for (std::string& left : service::take_back(service::read_acts(folder_.fd()), service_cgroups)) {
    warnings.push_back(std::move(left));
  }
  folder_.remove();
  removed_ = true;
  return warnings;
}

}  // namespace berth::runtime
