#include "runtime/resources/apply.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "runtime/cgroup/directory.h"
#include "runtime/resources/settings.h"

namespace berth::runtime::resources {
namespace {

using cgroup::Hierarchy;
using cgroup::Version;
using spec::Resources;

// `controller` (by its v1 name) may be empty: v2's own.
std::optional<Version> version_for(const Hierarchy& hierarchy, const std::string& controller) {
  if (!controller.empty()) return cgroup::version_of(hierarchy, controller);
  return hierarchy.v2.empty() ? std::nullopt : std::optional(Version::v2);
}

[[noreturn]] void fail_missing(const Setting& setting, const std::string& controller) {
  throw Error(setting.key + ": the controller '" + controller + "' is not available");
}

// The groups of one container, each opened once.
class Groups {
 public:
  Groups(const Hierarchy& hierarchy, const std::string& path)
      : hierarchy_(hierarchy), path_(path) {}

  int fd(const std::string& controller) {
    const auto known = open_.find(controller);
    if (known != open_.end()) return known->second.get();
    UniqueFd group = cgroup::open_directory(hierarchy_, controller, path_);
    return open_.emplace(controller, std::move(group)).first->second.get();
  }

  // False where the kernel refuses the value beside those that are in force (EINVAL).
  bool write(const Setting& setting) {
    for (const FileValue& choice : setting.choices) {
      const int fd =
          ::openat(this->fd(setting.controller), choice.file.c_str(), O_WRONLY | O_CLOEXEC);
      if (fd < 0 && errno == ENOENT) continue;
      const UniqueFd file(check(fd, setting.key + ": open", choice.file));
      try {
        write_once(file.get(), choice.value, choice.file);
        return true;
      } catch (const Error& e) {
        refusal_ = Error(setting.key + ": set " + choice.file + " to", choice.value, e.code());
        return false;
      }
    }
    if (setting.optional) return true;
    throw Error(setting.key + ": the kernel has no file '" + setting.choices.front().file + "'");
  }
  const Error& refusal() const { return *refusal_; }

 private:
  const Hierarchy& hierarchy_;
  const std::string& path_;
  std::map<std::string, UniqueFd> open_;
  std::optional<Error> refusal_;
};

// Values of one controller bound each other (quota, period, burst): one that is refused beside
// those in force is tried once more when the others are set.
void write_all(Groups& groups, const std::vector<Setting>& settings) {
  std::vector<const Setting*> again;
  for (const Setting& setting : settings) {
    if (groups.write(setting)) continue;
    if (groups.refusal().code() != EINVAL) throw Error(groups.refusal());
    again.push_back(&setting);
  }
  for (const Setting* setting : again) {
    if (!groups.write(*setting)) throw Error(groups.refusal());
  }
}

// A file of v2's belongs to a controller, or to every group (`cgroup.*`).
void require_unified(const Hierarchy& hierarchy, const Setting& setting) {
  const std::string& file = setting.choices.front().file;
  const std::string controller = file.substr(0, file.find('.'));
  // Callers look for the first two words.
  const auto refuse = [&](const std::string& why) {
    throw Error(setting.key + ": invalid configuration: " + why);
  };
  if (hierarchy.v2.empty()) refuse("this host has no cgroup v2");
  if (controller == "cgroup" || hierarchy.v2_has(controller)) return;
  refuse("cgroup v2 has no controller '" + controller + "' on this host");
}

// Those of both lists that this host's hierarchies take. Refused before anything is written.
std::vector<Setting> select(const Hierarchy& hierarchy, const std::vector<Setting>& v1,
                            const std::vector<Setting>& v2) {
  std::vector<Setting> selected;
  for (const Setting& setting : v1) {
    const auto version = version_for(hierarchy, setting.controller);
    if (!version) fail_missing(setting, setting.controller);
    if (*version == Version::v1) {
      selected.push_back(setting);
    } else if (is_v1_only(setting)) {
      throw Error(setting.key + ": cgroup v2 has no such setting");
    }
  }
  for (const Setting& setting : v2) {
    if (setting.controller.empty()) require_unified(hierarchy, setting);
    if (version_for(hierarchy, setting.controller) == Version::v2) selected.push_back(setting);
  }
  return selected;
}

uint64_t read_number(int group, const std::string& file) {
  const std::string text = read_file(group, file);
  uint64_t number = UINT64_MAX;  // `max`
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// cpu.max holds quota and period: one of them alone keeps the other.
void keep_bandwidth(const Hierarchy& hierarchy, const std::string& path, Resources& resources) {
  if (resources.cpu_period.has_value() == resources.cpu_quota.has_value()) return;
  if (cgroup::version_of(hierarchy, "cpu") != Version::v2) return;
  const UniqueFd group = cgroup::open_directory(hierarchy, "cpu", path);
  const std::string text = read_file_if_exists(group.get(), "cpu.max").value_or("");
  const char* const end = text.data() + text.size();
  if (!resources.cpu_quota) {
    int64_t quota = 0;
    if (std::from_chars(text.data(), end, quota).ec == std::errc()) resources.cpu_quota = quota;
  } else if (const size_t blank = text.find(' '); blank != std::string::npos) {
    uint64_t period = 0;
    const auto [rest, error] = std::from_chars(text.data() + blank + 1, end, period);
    if (error == std::errc()) resources.cpu_period = period;
  }
}

void check_usage(int group, bool v2, int64_t limit) {
  const uint64_t usage = read_number(group, v2 ? "memory.current" : "memory.usage_in_bytes");
  if (limit < 0 || std::cmp_less_equal(usage, limit)) return;
  throw Error("linux.resources.memory.limit: " + std::to_string(limit) +
              " is less than what is in use (" + std::to_string(usage) + ")");
}

}  // namespace

std::vector<Setting> settings_for(const Hierarchy& hierarchy, const std::string& path,
                                  const Resources& wished) {
  Resources resources = wished;
  keep_bandwidth(hierarchy, path, resources);
  return select(hierarchy, v1_settings(resources), v2_settings(resources));
}

std::vector<Setting> limits_for(const Hierarchy& hierarchy, const std::string& path,
                                const Resources& wished) {
  Resources resources = wished;
  const bool memory_on_v2 = cgroup::version_of(hierarchy, "memory") == Version::v2;
  uint64_t current = 0;
  if (resources.memory_limit || resources.memory_swap) {
    if (const auto group = cgroup::find_directory(hierarchy, "memory", path)) {
      if (!memory_on_v2) {
        current = read_number(group->get(), "memory.limit_in_bytes");
      } else if (!resources.memory_limit) {
        // Swap is given together with memory: what of it is swap depends on the limit in force.
        const uint64_t limit = read_number(group->get(), "memory.max");
        if (limit <= INT64_MAX) resources.memory_limit = static_cast<int64_t>(limit);
      }
      if (resources.memory_check_before_update && resources.memory_limit) {
        check_usage(group->get(), memory_on_v2, *resources.memory_limit);
      }
    }
  }
  // What swap means differs: the limits are looked at by the rules of where memory is.
  Resources elsewhere = resources;
  elsewhere.memory_limit.reset();
  elsewhere.memory_swap.reset();
  return select(hierarchy, v1_limits(memory_on_v2 ? elsewhere : resources, current),
                v2_limits(memory_on_v2 ? resources : elsewhere));
}

void write(const Hierarchy& hierarchy, const std::string& path,
           const std::vector<Setting>& settings) {
  Groups groups(hierarchy, path);
  write_all(groups, settings);
}

bool has_file(const Hierarchy& hierarchy, const std::string& path, const std::string& controller,
              const std::string& file) {
  const auto group = cgroup::find_directory(hierarchy, controller, path);
  return group && ::faccessat(group->get(), file.c_str(), F_OK, 0) == 0;
}

void apply(const Hierarchy& hierarchy, const std::string& path, const Resources& resources) {
  write(hierarchy, path, settings_for(hierarchy, path, resources));
}

void apply_limits(const Hierarchy& hierarchy, const std::string& path, const Resources& resources) {
  write(hierarchy, path, limits_for(hierarchy, path, resources));
}

}  // namespace berth::runtime::resources
