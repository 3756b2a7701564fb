#include "runtime/resources/oom_events.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "base/file.h"
#include "runtime/cgroup/directory.h"
#include "runtime/resources/stat_file.h"

namespace berth::runtime::resources {
namespace {

UniqueFd v1_events(int group) {
  UniqueFd events(check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd"));
  const UniqueFd control = open_file(group, "memory.oom_control", O_RDONLY);
  write_file(group, "cgroup.event_control",
             std::to_string(events.get()) + " " + std::to_string(control.get()));
  return events;
}

UniqueFd v2_events(int group) {
  UniqueFd events(check(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK), "inotify_init1"));
  const std::string file = "/proc/self/fd/" + std::to_string(group) + "/memory.events";
  check(::inotify_add_watch(events.get(), file.c_str(), IN_MODIFY), "watch", "memory.events");
  return events;
}

}  // namespace

OomEvents::OomEvents(const cgroup::Hierarchy& hierarchy, const std::string& path)
    : v2_(cgroup::version_of(hierarchy, "memory") == cgroup::Version::v2),
      group_(cgroup::open_directory(hierarchy, "memory", path)),
      events_(v2_ ? v2_events(group_.get()) : v1_events(group_.get())),
      seen_(kills()) {}

uint64_t OomEvents::kills() const {
  const auto text = read_file_if_exists(group_.get(), v2_ ? "memory.events" : "memory.oom_control");
  const auto numbers = keyed_numbers(text.value_or(""));
  const auto found = numbers.find("oom_kill");
  return found == numbers.end() ? seen_ : found->second;
}

bool OomEvents::take() {
  std::array<char, 4096> buffer;
  while (::read(events_.get(), buffer.data(), buffer.size()) > 0) continue;
  const uint64_t now = kills();
  const bool more = now > seen_;
  seen_ = now;
  return more;
}

}  // namespace berth::runtime::resources
