#include <cerrno>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"
#include "runtime/cgroup/driver.h"

namespace berth::runtime::cgroup::v2 {
namespace {

bool lists(const std::string& words, const std::string& word) {
  std::istringstream stream(words);
  for (std::string next; stream >> next;) {
    if (next == word) return true;
  }
  return false;
}

std::string number_or_max(int64_t value) {
  return value < 0 ? "max" : std::to_string(value);
}

// The hierarchy's root, which has no type, may have processes and groups with controllers.
bool has_own_processes(int group) {
  try {
    return read_file_if_exists(group, "cgroup.type") && !read_file(group, "cgroup.procs").empty();
  } catch (const Error& e) {
    if (e.code() == EOPNOTSUPP) return true;  // a threaded group
    throw;
  }
}

}  // namespace

std::vector<Control> controls(const Limits& limits) {
  std::vector<Control> list;
  if (limits.mems) list.push_back({"cpuset", "cpuset.mems", *limits.mems});
  if (limits.cpus) list.push_back({"cpuset", "cpuset.cpus", *limits.cpus});
  if (limits.memory_bytes) {
    const bool unlimited = *limits.memory_bytes < 0;
    list.push_back({"memory", "memory.swap.max", unlimited ? "max" : "0", true});
    list.push_back({"memory", "memory.max", number_or_max(*limits.memory_bytes)});
  }
  if (limits.pids) list.push_back({"pids", "pids.max", number_or_max(*limits.pids)});
  return list;
}

void enable(int parent, const std::vector<std::string>& controllers) {
  std::vector<std::string> wanted = controllers;
  const std::string enabled = read_file(parent, "cgroup.subtree_control");
  std::erase_if(wanted, [&](const std::string& name) { return lists(enabled, name); });
  if (wanted.empty()) return;
  const std::string available = read_file(parent, "cgroup.controllers");
  std::erase_if(wanted, [&](const std::string& name) { return !lists(available, name); });
  // A group with processes takes the controllers that know threads alone, and then no group below
  // it takes a process.
  if (wanted.empty() || has_own_processes(parent)) return;
  for (const std::string& name : wanted) {
    try {
      // One at a time: the kernel takes all of a write or nothing.
      write_file(parent, "cgroup.subtree_control", "+" + name);
    } catch (const Error& e) {
      if (tracing()) trace("enable cgroup controller " + name + ": " + e.message());
    }
  }
}

}  // namespace berth::runtime::cgroup::v2
