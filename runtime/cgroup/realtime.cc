#include "runtime/cgroup/realtime.h"

#include <fcntl.h>

#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/trace.h"
#include "runtime/cgroup/directory.h"
#include "runtime/cgroup/group.h"

namespace berth::runtime::cgroup {
namespace {

constexpr const char* kRuntime = "cpu.rt_runtime_us";

std::optional<int64_t> number_in(int group, const std::string& file) {
  const auto text = read_file_if_exists(group, file);
  int64_t value = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc())
    return std::nullopt;
  return value;
}

// A runtime of -1 is no limit. Nothing where the kernel has no budgets.
std::optional<RealTime> budget_of(int group) {
  const auto runtime = number_in(group, kRuntime), period = number_in(group, "cpu.rt_period_us");
  if (!runtime || !period || *period <= 0) return std::nullopt;
  return RealTime{.runtime = *runtime, .period = *period};
}

// What it is in another period, rounded up. Periods are below 2^31 µs; more the kernel refuses.
int64_t in_period(const RealTime& time, int64_t period) {
  if (time.runtime <= 0 || time.period <= 0) return 0;
  const auto runtime = static_cast<uint64_t>(time.runtime),
             own = static_cast<uint64_t>(time.period);
  return static_cast<int64_t>((runtime * static_cast<uint64_t>(period) + own - 1) / own);
}

// What the groups in it have, but for one, in its own period.
int64_t given_away(int group, const std::string& but, int64_t period) {
  int64_t sum = 0;
  for (const std::string& name : list_subdirectories(group)) {
    if (name == but) continue;
    const auto below = descend(group, {name});
    const auto has = below ? budget_of(below->get()) : std::nullopt;
    if (has) sum += in_period(*has, period);
  }
  return sum;
}

struct Above {
  std::string name;
  UniqueFd group;
  RealTime budget;
};

// From the top; nothing where the kernel has no budgets.
std::vector<Above> groups_above(const Hierarchy& hierarchy, const std::string& top,
                                const std::vector<std::string>& parts) {
  std::vector<Above> above;
  std::string name;
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    name += (i == 0 ? "" : "/") + parts[i];
    if (name.size() < top.size()) continue;
    auto group = find_directory(hierarchy, "cpu", name);
    const auto has = group ? budget_of(group->get()) : std::nullopt;
    if (!has) return {};
    above.push_back({name, std::move(*group), *has});
  }
  return above;
}

void raise(const Above& above, int64_t enough) {
  try {
    write_file(above.group.get(), kRuntime, std::to_string(enough));
  } catch (const Error& e) {
    throw Error("give cgroup '" + above.name + "' " + std::to_string(enough) + " us of real time",
                {}, e.code())
        .with_note("the group above it has not as much to give");
  }
}

}  // namespace

void make_room_for_realtime(const Hierarchy& hierarchy, const Tops& tops, const std::string& path,
                            const RealTime& wanted) {
  const V1Mount* const cpu = hierarchy.v1_of("cpu");
  const std::string top = cpu == nullptr ? "" : tops.at(cpu->path);
  if (top.empty() || wanted.runtime <= 0) return;
  const std::vector<std::string> parts = components(path);
  const std::vector<Above> above = groups_above(hierarchy, top, parts);
  // What each needs is known from below, and can be given from above.
  std::vector<int64_t> needs(above.size());
  RealTime below = wanted;
  for (size_t i = above.size(); i-- > 0;) {
    const RealTime& has = above[i].budget;
    const std::string& next = parts[parts.size() - above.size() + i];
    const int64_t enough =
        given_away(above[i].group.get(), next, has.period) + in_period(below, has.period);
    needs[i] = has.runtime < 0 || has.runtime >= enough ? 0 : enough;
    if (needs[i] == 0) break;  // nor do those above it need more
    below = {.runtime = enough, .period = has.period};
  }
  for (size_t i = 0; i < above.size(); ++i) {
    if (needs[i] > 0) raise(above[i], needs[i]);
  }
}

bool has_realtime(const Hierarchy& hierarchy, const std::string& path) {
  const V1Mount* const cpu = hierarchy.v1_of("cpu");
  if (cpu == nullptr) return false;
  return number_in(AT_FDCWD, cpu->path + "/" + path + "/" + kRuntime).value_or(0) > 0;
}

void take_back_realtime(const Hierarchy& hierarchy, const Tops& tops, const std::string& path) {
  const V1Mount* const cpu = hierarchy.v1_of("cpu");
  const std::string top = cpu == nullptr ? "" : tops.at(cpu->path);
  try {
    write_file(open_directory(hierarchy, "cpu", path).get(), kRuntime, "0");
    if (top.empty()) return;
    for (std::string name = path; name.size() > top.size();) {
      name.erase(name.rfind('/'));
      const UniqueFd group = open_directory(hierarchy, "cpu", name);
      const auto has = budget_of(group.get());
      if (!has) return;
      const int64_t used = given_away(group.get(), {}, has->period);
      if (used < has->runtime) write_file(group.get(), kRuntime, std::to_string(used));
    }
  } catch (const Error& e) {
    if (tracing()) trace("real time of cgroup '" + path + "': " + e.message());
  }
}

}  // namespace berth::runtime::cgroup
