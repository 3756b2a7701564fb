// Owns what the program inherits. It stands after all set-up, which opens descriptors of its own,
// and before the late limits, whose descriptors stay open (close-on-exec) until they are written.
#include "runtime/process/descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace berth::runtime {
namespace {

constexpr int kFirst = 3;              // after stdio; also systemd's SD_LISTEN_FDS_START
constexpr int kMostSockets = 1 << 20;  // the kernel's own bound of open files (fs.nr_open)
constexpr std::string_view kListenPid = "LISTEN_PID", kListenFds = "LISTEN_FDS";

std::optional<std::string_view> find(const std::vector<std::string>& env, std::string_view name) {
  for (const std::string_view entry : env) {
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
      return entry.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

// The whole string or nothing: a lenient parse would keep a descriptor that nobody named.
int parse_number(std::string_view variable, std::string_view text) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) {
    throw Error(std::string(variable) + ": '" + std::string(text) + "' is not a number");
  }
  return value;
}

unsigned sockets_of(std::string_view pid, std::string_view count) {
  if (parse_number(kListenPid, pid) != ::getpid()) return 0;
  return static_cast<unsigned>(std::min(parse_number(kListenFds, count), kMostSockets));
}

}  // namespace

FdPolicy FdPolicy::from_environment(const std::vector<std::string>& env,
                                    const std::vector<int>& open_at_start) {
  FdPolicy policy;
  if (const auto fd = find(env, "PMI_FD")) {
    policy.add("PMI_FD", parse_number("PMI_FD", *fd), open_at_start);
  }
  const auto pid = find(env, kListenPid);
  const auto count = find(env, kListenFds);
  if (pid && count) policy.add_sockets(sockets_of(*pid, *count), open_at_start);
  return policy;
}

FdPolicy FdPolicy::of_runtime(unsigned sockets, unsigned preserve,
                              const std::vector<int>& open_at_start) {
  FdPolicy policy;
  policy.add_sockets(sockets, open_at_start);
  const int64_t first = kFirst + int64_t{sockets};
  for (const int fd : open_at_start) {
    if (fd >= first && fd < first + preserve) policy.keep.push_back(fd);
  }
  return policy;
}

void FdPolicy::add(std::string_view variable, int fd, const std::vector<int>& open_at_start) {
  if (!std::ranges::binary_search(open_at_start, fd)) {
    throw Error(std::string(variable) + ": descriptor '" + std::to_string(fd) +
                "' was not open when this program started");
  }
  if (fd >= kFirst && std::ranges::find(keep, fd) == keep.end()) keep.push_back(fd);
}

void FdPolicy::add_sockets(unsigned count, const std::vector<int>& open_at_start) {
  for (unsigned i = 0; i < count; ++i) {
    add(kListenFds, kFirst + static_cast<int>(i), open_at_start);
  }
}

unsigned passed_sockets() {
  const char* const pid = std::getenv("LISTEN_PID");
  const char* const count = std::getenv("LISTEN_FDS");
  return pid != nullptr && count != nullptr ? sockets_of(pid, count) : 0;
}

void announce_sockets(unsigned sockets, std::vector<std::string>& env) {
  if (sockets == 0) return;
  std::erase_if(env, [](const std::string& variable) {
    return variable.starts_with("LISTEN_FDS=") || variable.starts_with("LISTEN_PID=");
  });
  env.push_back("LISTEN_FDS=" + std::to_string(sockets));
  env.push_back("LISTEN_PID=" + std::to_string(::getpid()));
}

void FdPolicy::enforce() const {
  check(::close_range(kFirst, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
  for (const int fd : keep) set_inheritable(fd, true);
}

void FdPolicy::close_others(std::vector<int> also) const {
  also.insert(also.end(), keep.begin(), keep.end());
  std::ranges::sort(also);
  unsigned next = kFirst;
  for (const int fd : also) {
    const auto kept = static_cast<unsigned>(fd);
    if (kept > next) check(::close_range(next, kept - 1, 0), "close_range");
    next = std::max(next, kept + 1);
  }
  check(::close_range(next, ~0U, 0), "close_range");
}

std::vector<int> open_descriptors() {
  const UniqueFd dir = open_dir(AT_FDCWD, "/proc/self/fd");
  std::vector<int> fds;
  for (const std::string& name : list_dir(dir.get())) {
    const int fd = parse_number("/proc/self/fd", name);
    // Not those that the listing itself opened.
    if (fd != dir.get() && ::fcntl(fd, F_GETFD) >= 0) fds.push_back(fd);
  }
  std::ranges::sort(fds);
  return fds;
}

}  // namespace berth::runtime
