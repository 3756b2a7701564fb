#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "runtime/cgroup/driver.h"

namespace berth::runtime::cgroup::v1 {
namespace {

constexpr const char* kMemoryAndSwap = "memory.memsw.limit_in_bytes";

std::string without_newline(std::string text) {
  while (text.ends_with('\n') || text.ends_with(' ')) text.pop_back();
  return text;
}

void copy_down(int parent, int group, const std::string& file, Inherit how) {
  if (how == Inherit::missing) {
    const auto own = read_file_if_exists(group, file);
    if (!own || !without_newline(*own).empty()) return;
  }
  const auto inherited = read_file_if_exists(parent, file);
  if (!inherited) return;
  const std::string value = without_newline(*inherited);
  // Somebody's mkdir made the parent, and no process may join a group without CPUs or nodes.
  if (value.empty()) throw Error("'" + file + "' of the group above is empty");
  write_file(group, file, value);
}

}  // namespace

std::vector<Control> controls(const Limits& limits) {
  std::vector<Control> list;
  if (limits.mems) list.push_back({"cpuset", "cpuset.mems", *limits.mems});
  if (limits.cpus) list.push_back({"cpuset", "cpuset.cpus", *limits.cpus});
  if (limits.memory_bytes) {
    const bool unlimited = *limits.memory_bytes < 0;
    const std::string value = unlimited ? "-1" : std::to_string(*limits.memory_bytes);
    // The kernel refuses a memory limit above the one of memory and swap: that one steps aside
    // first. Both are absent without swap accounting.
    list.push_back({"memory", kMemoryAndSwap, "-1", true});
    list.push_back({"memory", "memory.limit_in_bytes", value});
    if (!unlimited) list.push_back({"memory", kMemoryAndSwap, value, true});
  }
  if (limits.pids) {
    list.push_back({"pids", "pids.max", *limits.pids < 0 ? "max" : std::to_string(*limits.pids)});
  }
  return list;
}

std::vector<Control> late_controls(const Limits& limits) {
  std::vector<Control> list = controls(limits);
  const auto is_swap = [](const Control& control) { return control.file == kMemoryAndSwap; };
  const auto first = std::ranges::find_if(list, is_swap);
  if (first == list.end()) return list;
  Control swap = *first;
  std::erase_if(list, is_swap);
  const auto memory = std::ranges::find(list, "memory.limit_in_bytes", &Control::file);
  swap.value = memory->value;
  list.insert(memory + 1, std::move(swap));
  return list;
}

bool inherits(const Site& site) {
  return site.has("cpuset") || site.has("memory");
}

void inherit(const Site& site, int parent, int group, Inherit how) {
  if (site.has("cpuset")) {
    copy_down(parent, group, "cpuset.cpus", how);
    copy_down(parent, group, "cpuset.mems", how);
  }
  if (!site.has("memory")) return;
  // Kernels before 5.11 can account a group apart from its parents: its limits would then not hold
  // for what is below it.
  const auto hierarchical = read_file_if_exists(group, "memory.use_hierarchy");
  if (hierarchical && hierarchical->starts_with('0'))
    write_file(group, "memory.use_hierarchy", "1");
}

}  // namespace berth::runtime::cgroup::v1
