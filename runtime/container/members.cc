#include "runtime/container/members.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/process_identity.h"

namespace berth::runtime {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kKillFor = std::chrono::seconds(10);  // a loaded machine takes a while
constexpr auto kPause = std::chrono::milliseconds(2);
constexpr int kDeepest = 33;  // user namespaces in each other (user_namespaces(7)), and the first

UniqueFd open_namespace(const std::string& process, const char* name) {
  return UniqueFd(::open(("/proc/" + process + "/ns/" + name).c_str(), O_RDONLY | O_CLOEXEC));
}

bool is_same(const UniqueFd& a, const UniqueFd& b) {
  struct stat one {
  }, other{};
  return a && b && ::fstat(a.get(), &one) == 0 && ::fstat(b.get(), &other) == 0 &&
         one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

// Itself, or made by somebody in it.
bool is_in(UniqueFd user, const UniqueFd& outer) {
  for (int depth = 0; user && depth < kDeepest; ++depth) {
    if (is_same(user, outer)) return true;
    user.reset(::ioctl(user.get(), NS_GET_PARENT));  // an error: above the one that we are in
  }
  return false;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  const UniqueFd proc = open_dir(AT_FDCWD, "/proc");
  for (const std::string& name : list_dir(proc.get())) {
    pid_t pid = 0;
    const char* const end = name.data() + name.size();
    if (std::from_chars(name.data(), end, pid).ptr == end && pid > 0) pids.push_back(pid);
  }
  return pids;
}

// One of the container's that lives.
std::optional<pid_t> witness_of(const Record& record) {
  const auto start = start_time_of(record.pid);
  if (start == record.start_time) return record.pid;
  if (start) return std::nullopt;  // the number is another's: nobody of the session is left
  for (const pid_t pid : all_processes()) {
    if (::getsid(pid) != record.pid) continue;
    const auto begun = start_time_of(pid);
    if (begun && *begun >= record.start_time) return pid;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Members> Members::of(const Record& record) {
  const auto witness = record.pid > 0 ? witness_of(record) : std::nullopt;
  if (!witness) return std::nullopt;
  const std::string process = std::to_string(*witness);
  Members members;
  const auto take = [&](UniqueFd& held, const char* name) {
    held = open_namespace(process, name);
    if (is_same(held, open_namespace("self", name))) held.reset();
  };
  if (record.own.user) take(members.user_, "user");
  if (record.own.mount) take(members.mounts_, "mnt");
  if (!members.user_ && !members.mounts_) return std::nullopt;
  return members;
}

bool Members::has(pid_t pid) const {
  const std::string process = std::to_string(pid);
  if (mounts_ && is_same(open_namespace(process, "mnt"), mounts_)) return true;
  return user_ && is_in(open_namespace(process, "user"), user_);
}

std::vector<pid_t> Members::find() const {
  std::vector<pid_t> found;
  for (const pid_t pid : all_processes()) {
    if (has(pid)) found.push_back(pid);
  }
  return found;
}

void Members::signal(const std::vector<pid_t>& pids, int number) const {
  for (const pid_t pid : pids) {
    const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!process || !has(pid)) continue;  // gone, or another's by now
    if (::syscall(SYS_pidfd_send_signal, process.get(), number, nullptr, 0) < 0 && errno != ESRCH) {
      throw Error("send signal " + std::to_string(number) + " to process", std::to_string(pid),
                  errno);
    }
  }
}

void Members::kill() const {
  const Clock::time_point deadline = Clock::now() + kKillFor;
  for (auto left = find(); !left.empty(); left = find()) {
    if (Clock::now() > deadline) {
      throw Error("kill the container's processes: " + std::to_string(left.size()) +
                  " are still alive, among them " + std::to_string(left.front()));
    }
    signal(left, SIGKILL);
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace berth::runtime
