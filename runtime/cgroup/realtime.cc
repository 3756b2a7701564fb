#include "runtime/cgroup/realtime.h"

#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "runtime/cgroup/directory.h"
#include "runtime/cgroup/group.h"

namespace berth::runtime::cgroup {
namespace {

constexpr const char* kRuntime = "cpu.rt_runtime_us";

// -1 is no limit. Nothing where the kernel has no budgets.
std::optional<int64_t> runtime_of(int group) {
  const auto text = read_file_if_exists(group, kRuntime);
  int64_t value = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc())
    return std::nullopt;
  return value;
}

// What the groups in it have, but for one.
int64_t given_away(int group, const std::string& but) {
  int64_t sum = 0;
  for (const std::string& name : list_subdirectories(group)) {
    if (name == but) continue;
    const auto below = descend(group, {name});
    if (below) sum += std::max<int64_t>(runtime_of(below->get()).value_or(0), 0);
  }
  return sum;
}

}  // namespace

void make_room_for_realtime(const Hierarchy& hierarchy, const Tops& tops, const std::string& path,
                            int64_t runtime) {
  const V1Mount* const cpu = hierarchy.v1_of("cpu");
  const std::string top = cpu == nullptr ? "" : tops.at(cpu->path);
  if (top.empty() || runtime <= 0) return;
  const std::vector<std::string> parts = components(path);
  std::string name;
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    name += (i == 0 ? "" : "/") + parts[i];
    if (name.size() < top.size()) continue;
    const auto group = find_directory(hierarchy, "cpu", name);
    const auto has = group ? runtime_of(group->get()) : std::nullopt;
    if (!has) return;
    const int64_t wanted = given_away(group->get(), parts[i + 1]) + runtime;
    if (*has < 0 || *has >= wanted) continue;
    try {
      write_file(group->get(), kRuntime, std::to_string(wanted));
    } catch (const Error& e) {
      throw Error("give cgroup '" + name + "' " + std::to_string(wanted) + " us of real time", {},
                  e.code())
          .with_note("the group above it has not as much to give");
    }
  }
}

}  // namespace berth::runtime::cgroup
