#include "rdt/resctrl.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"

namespace berth::rdt {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::string shown(const std::string& group) {
  return group.empty() ? "default group" : group;
}

// What the kernel adds to errno, if anything. A hint only: up to 6.12 it may be left from an
// earlier command, and some errors leave `ok` here (fs/resctrl/rdtgroup.c, last_cmd_status).
Error with_hint(const Error& error, int root) {
  std::string text;
  try {
    text = read_file(root, "info/last_cmd_status");
  } catch (const Error&) {
    return error;
  }
  while (text.ends_with('\n')) text.pop_back();
  text = text.substr(text.rfind('\n') + 1);
  if (text.empty() || text == "ok") return error;
  return error.with_note("kernel's hint: " + text);
}

// True where `actual` is what a write of `wanted` must have led to.
bool taken_over(const Schemata& actual, const Schemata& wanted) {
  return std::ranges::all_of(wanted.resources, [&](const auto& line) {
    const auto& [name, values] = line;
    if (is_cache_resource(name)) return contains(actual, Schemata{{{name, values}}});
    const auto found = actual.resources.find(name);
    return found != actual.resources.end() && std::ranges::all_of(values, [&](const auto& entry) {
             const auto domain = found->second.find(entry.first);
             return domain != found->second.end() && domain->second >= entry.second;
           });
  });
}

// A group's name is one component of a path, and none of those that are resctrl's own.
void check_name(const std::string& name) {
  if (name.empty() || name.find_first_of("/\n") != std::string::npos || name.starts_with('.') ||
      name == "info" || name == "mon_groups" || name == "mon_data") {
    throw Error("name resctrl group", name, EINVAL);
  }
}

// The super block's options of what is mounted there last (proc(5), /proc/PID/mountinfo).
std::string mount_options_of(const std::string& path) {
  const std::string mounts = read_file(AT_FDCWD, "/proc/self/mountinfo");
  std::string options;
  std::istringstream lines(mounts);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word, place;
    for (int field = 1; field <= 5; ++field) words >> place;
    while (words >> word && word != "-") continue;
    std::string type, source, super;
    if (words >> type >> source >> super && type == "resctrl" && place == path) options = super;
  }
  return options;
}

bool has_word(const std::string& list, std::string_view wanted) {
  std::istringstream words(list);
  for (std::string word; std::getline(words, word, ',');) {
    if (word == wanted) return true;
  }
  return false;
}

int assign_by_write(int group, std::string_view lines) {
  try {
    write_file(group, "schemata", lines);
    return 0;
  } catch (const Error& e) {
    errno = e.code();
    return -1;
  }
}

}  // namespace

TreeCalls TreeCalls::kernel() {
  return {[](int root, const char* name) { return ::mkdirat(root, name, 0755); },
          [](int root, const char* name) { return ::unlinkat(root, name, AT_REMOVEDIR); },
          &assign_by_write};
}

Group::Group(const Resctrl& owner, UniqueFd dir, std::string name)
    : root_(owner.root()),
      calls_(owner.calls_.get()),
      dir_(std::move(dir)),
      name_(std::move(name)) {}

Group::Group(const Group& owner, UniqueFd dir, std::string name)
    : root_(owner.root_), calls_(owner.calls_), dir_(std::move(dir)), name_(std::move(name)) {}

Schemata Group::schemata() const {
  try {
    return parse_schemata(read_file(dir_.get(), "schemata"));
  } catch (const Error& e) {
    throw e.within(fmt::format("resctrl '{}'", shown(name_)));
  }
}

void Group::write(const Schemata& schemata) const {
  const std::string lines = format_schemata(schemata);
  if (lines.empty()) return;
  std::string flat = lines.substr(0, lines.size() - 1);
  std::ranges::replace(flat, '\n', ' ');
  if (tracing()) trace(fmt::format("resctrl '{}': {}", shown(name_), flat));
  if (calls_->assign(dir_.get(), lines) != 0) {
    const Error error(fmt::format("resctrl '{}': write", shown(name_)), flat, errno);
    throw with_hint(error, root_);
  }
  if (const Schemata actual = this->schemata(); !taken_over(actual, schemata)) {
    std::string held = format_schemata(actual);
    std::ranges::replace(held, '\n', ' ');
    throw Error(fmt::format("resctrl '{}': wrote '{}' but the kernel holds '{}'", shown(name_),
                            flat, held.substr(0, held.size() - 1)));
  }
}

bool Group::add_task(pid_t tid) const {
  try {
    // One thread for each write: kernels before 6.7 know no lists.
    const UniqueFd tasks = open_file(dir_.get(), "tasks", O_WRONLY | O_APPEND);
    write_once(tasks.get(), std::to_string(tid) + "\n", "tasks");
    return true;
  } catch (const Error& e) {
    if (e.code() == ESRCH) return false;
    throw with_hint(e.within(fmt::format("move thread {} to resctrl '{}'", tid, shown(name_))),
                    root_);
  }
}

std::vector<pid_t> Group::tasks() const {
  const std::string text = read_file(dir_.get(), "tasks", size_t{64} << 20);
  std::vector<pid_t> tids;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at != end) {
    pid_t tid = 0;
    const auto [stop, error] = std::from_chars(at, end, tid);
    if (error != std::errc()) throw Error("read the tasks of resctrl group", name_, EINVAL);
    tids.push_back(tid);
    at = stop != end ? stop + 1 : stop;
  }
  return tids;
}

std::vector<DomainFigures> Group::figures() const {
  try {
    return read_figures(dir_.get());
  } catch (const Error& e) {
    throw e.within(fmt::format("group '{}'", shown(name_)));
  }
}

Group Group::make_monitor(const std::string& name) const {
  check_name(name);
  const UniqueFd monitors = open_dir(dir_.get(), "mon_groups");
  if (::mkdirat(monitors.get(), name.c_str(), 0755) != 0) {
    const Error error(fmt::format("resctrl '{}': make monitor group", shown(name_)), name, errno);
    throw with_hint(error, root_);
  }
  return {*this, open_dir(monitors.get(), name), name_ + "/mon_groups/" + name};
}

std::optional<Group> Group::find_monitor(const std::string& name) const {
  check_name(name);
  auto dir = open_dir_if_exists(dir_.get(), "mon_groups/" + name);
  if (!dir) return std::nullopt;
  return Group(*this, std::move(*dir), name_ + "/mon_groups/" + name);
}

std::string Group::mode() const {
  std::string mode = read_file(dir_.get(), "mode");
  while (mode.ends_with('\n')) mode.pop_back();
  return mode;
}

void Group::set_mode(std::string_view mode) const {
  try {
    write_file(dir_.get(), "mode", std::string(mode) + "\n");
  } catch (const Error& e) {
    throw with_hint(e.within(fmt::format("resctrl '{}': set mode to {}", shown(name_), mode)),
                    root_);
  }
}

std::vector<std::string> Group::monitor_names() const {
  const auto monitors = open_dir_if_exists(dir_.get(), "mon_groups");
  return monitors ? list_subdirectories(monitors->get()) : std::vector<std::string>();
}

bool Group::remove_monitor(const std::string& name) const {
  check_name(name);
  const std::string path = "mon_groups/" + name;
  if (::unlinkat(dir_.get(), path.c_str(), AT_REMOVEDIR) == 0) return true;
  if (errno == ENOENT || errno == ENODEV) return false;
  throw with_hint(
      Error(fmt::format("resctrl '{}': remove monitor group", shown(name_)), name, errno), root_);
}

std::optional<Resctrl> Resctrl::open(const std::string& path) {
  std::optional<UniqueFd> root = open_dir_if_exists(AT_FDCWD, path);
  if (!root) return std::nullopt;
  struct statfs fs {};
  check(::fstatfs(root->get(), &fs), "fstatfs", path);
  if (fs.f_type != RDTGROUP_SUPER_MAGIC) return std::nullopt;
  MountOptions options;
  options.text = mount_options_of(path);
  options.mba_mbps = has_word(options.text, "mba_MBps");
  return Resctrl(std::move(*root), TreeCalls::kernel(), std::move(options));
}

Resctrl::Resctrl(UniqueFd root, TreeCalls calls, MountOptions options)
    : root_(std::move(root)),
      options_(std::move(options)),
      calls_(std::make_unique<const TreeCalls>(std::move(calls))) {}

Capability Resctrl::capability() const {
  try {
    return read_capability(root(), options_);
  } catch (const Error& e) {
    throw e.within("read what resctrl can do");
  }
}

Group Resctrl::default_group() const {
  return Group(*this, open_dir(root(), "."), "");
}

std::vector<std::string> Resctrl::group_names() const {
  std::vector<std::string> names;
  for (std::string& name : list_dir(root())) {
    if (name == "info" || name == "mon_groups" || name == "mon_data") continue;
    struct stat st {};
    if (::fstatat(root(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT || errno == ENODEV) continue;  // removed by somebody meanwhile
      throw Error("stat resctrl group", name, errno);
    }
    if (S_ISDIR(st.st_mode)) names.push_back(std::move(name));
  }
  return names;
}

std::optional<Group> Resctrl::find(const std::string& name) const {
  check_name(name);
  std::optional<UniqueFd> dir = open_dir_if_exists(root(), name);
  if (!dir) return std::nullopt;
  return Group(*this, std::move(*dir), name);
}

Group Resctrl::create(const std::string& name, milliseconds patience) const {
  check_name(name);
  const auto deadline = steady_clock::now() + patience;
  while (calls_->make_group(root(), name.c_str()) != 0) {
    const Error error("make resctrl group", name, errno);
    if (error.code() == ENOSPC) {
      throw with_hint(error, root())
          .with_note(fmt::format("{} groups exist, the hardware has {}", group_names().size(),
                                 capability().max_groups));
    }
    // Monitoring ids of removed groups rest until their lines have left the cache; the kernel looks
    // once a second.
    if (error.code() != EBUSY || steady_clock::now() >= deadline) throw with_hint(error, root());
    std::this_thread::sleep_for(milliseconds(50));
  }
  return Group(*this, open_dir(root(), name), name);
}

bool Resctrl::remove(const std::string& name) const {
  check_name(name);
  if (calls_->remove_group(root(), name.c_str()) == 0) return true;
  if (errno == ENOENT || errno == ENODEV) return false;
  throw with_hint(Error("remove resctrl group", name, errno), root());
}

Resctrl::Lock::Lock(UniqueFd fd) : fd_(std::move(fd)) {}
Resctrl::Lock::~Lock() {
  // Said outright: a child forked meanwhile may still have the open file, and with it the lock.
  if (fd_) ::flock(fd_.get(), LOCK_UN);
}

Resctrl::Lock Resctrl::lock(milliseconds patience) const {
  // flock belongs to the open file, and root_'s may be shared with a forked child.
  UniqueFd fd = open_dir(root(), ".");
  const auto deadline = steady_clock::now() + patience;
  for (milliseconds pause(1);; pause = std::min(pause * 2, milliseconds(20))) {
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return Lock(std::move(fd));
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK || steady_clock::now() >= deadline) {
      throw Error("lock resctrl", {}, errno);
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace berth::rdt
