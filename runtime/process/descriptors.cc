// Owns what the program inherits. It stands after all set-up, which opens descriptors of its own,
// and before the late limits, whose descriptors stay open (close-on-exec) until they are written.
#include "runtime/process/descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace berth::runtime {
namespace {

constexpr int kFirst = 3;  // after stdio; also systemd's SD_LISTEN_FDS_START

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

}  // namespace

FdPolicy FdPolicy::from_environment(const std::vector<std::string>& env,
                                    const std::vector<int>& open_at_start, unsigned preserve) {
  FdPolicy policy;
  const auto keep = [&](std::string_view variable, int fd) {
    if (!std::ranges::binary_search(open_at_start, fd)) {
      throw Error(std::string(variable) + ": descriptor '" + std::to_string(fd) +
                  "' was not open when this program started");
    }
    if (fd >= kFirst && std::ranges::find(policy.keep, fd) == policy.keep.end()) {
      policy.keep.push_back(fd);
    }
  };
  if (const auto fd = find(env, "PMI_FD")) keep("PMI_FD", parse_number("PMI_FD", *fd));
  int next = kFirst;
  const auto pid = find(env, "LISTEN_PID");
  const auto count = find(env, "LISTEN_FDS");
  if (pid && count && parse_number("LISTEN_PID", *pid) == ::getpid()) {
    const int last = kFirst + std::min(parse_number("LISTEN_FDS", *count), 1 << 20);
    while (next < last) keep("LISTEN_FDS", next++);
  }
  for (unsigned i = 0; i < preserve; ++i) keep("--preserve-fds", next++);
  return policy;
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
