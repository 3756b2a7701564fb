#include "runtime/cgroup/freezer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"
#include "runtime/cgroup/group.h"

namespace berth::runtime::cgroup {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPatience = std::chrono::seconds(2);
constexpr auto kPause = std::chrono::milliseconds(1);

struct Freezer {
  UniqueFd group;
  bool v2 = false;

  void want(bool frozen) const {
    if (v2) return write_file(group.get(), "cgroup.freeze", frozen ? "1" : "0");
    write_file(group.get(), "freezer.state", frozen ? "FROZEN" : "THAWED");
  }
  bool is_wanted() const {
    if (v2) return read_file(group.get(), "cgroup.freeze").starts_with('1');
    return read_file(group.get(), "freezer.self_freezing").starts_with('1');
  }
  bool stands_still() const {
    if (!v2) return read_file(group.get(), "freezer.state") == "FROZEN\n";
    return read_file(group.get(), "cgroup.events").find("frozen 1") != std::string::npos;
  }
};

std::optional<Freezer> find_freezer(const Hierarchy& hierarchy, const std::string& path) {
  const V1Mount* const v1 = hierarchy.v1_of("freezer");
  if (v1 == nullptr && hierarchy.v2.empty()) return std::nullopt;
  Site site;
  site.v2 = v1 == nullptr;
  site.mount = site.v2 ? hierarchy.v2 : v1->path;
  auto group = open_group(site, components(path));
  if (!group) return std::nullopt;
  return Freezer{std::move(*group), site.v2};
}

// v1 may need to be told again: a process that forks meanwhile escapes the first attempt
// (Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst).
bool reaches(const Freezer& freezer, bool frozen) {
  const Clock::time_point deadline = Clock::now() + kPatience;
  freezer.want(frozen);
  while (freezer.stands_still() != frozen) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(kPause);
    if (!freezer.v2) freezer.want(frozen);
  }
  return true;
}

// A group goes with its last process where systemd keeps it: between two looks at it, even.
bool is_gone(const Error& e) {
  return e.code() == ENODEV || e.code() == ENOENT;
}

}  // namespace

void freeze(const Hierarchy& hierarchy, const std::string& path) {
  const auto freezer = find_freezer(hierarchy, path);
  if (!freezer) throw Error("freeze cgroup '" + path + "': it has no freezer");
  if (reaches(*freezer, true)) return;
  freezer->want(false);
  throw Error("freeze cgroup '" + path + "': some of its processes do not stand still within 2 s");
}

void thaw(const Hierarchy& hierarchy, const std::string& path) {
  const auto freezer = find_freezer(hierarchy, path);
  try {
    if (!freezer || !freezer->is_wanted() || reaches(*freezer, false)) return;
  } catch (const Error& e) {
    if (is_gone(e)) return;
    throw;
  }
  throw Error("thaw cgroup '" + path + "': it stays frozen: a group above it is");
}

void bring_back(const Hierarchy& hierarchy, const std::string& path, const std::set<pid_t>& pids) {
  if (hierarchy.v1_of("freezer") == nullptr) return;
  const auto freezer = find_freezer(hierarchy, path);
  if (!freezer) return;
  const std::set<pid_t> own = processes_in(freezer->group.get());
  const UniqueFd file = open_file(freezer->group.get(), "cgroup.procs", O_WRONLY);
  for (const pid_t pid : pids) {
    if (own.contains(pid)) continue;
    const std::string text = std::to_string(pid);
    if (::write(file.get(), text.data(), text.size()) < 0 && tracing()) {
      trace("move process " + text + " to freezer group '" + path + "': " + errno_text(errno));
    }
  }
}

bool is_frozen(const Hierarchy& hierarchy, const std::string& path) {
  const auto freezer = find_freezer(hierarchy, path);
  try {
    return freezer && freezer->is_wanted();
  } catch (const Error& e) {
    if (is_gone(e)) return false;
    throw;
  }
}

}  // namespace berth::runtime::cgroup
