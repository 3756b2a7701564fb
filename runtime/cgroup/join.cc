#include "runtime/cgroup/join.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace berth::runtime {
namespace {

// A CPU mask as long as this kernel's (a cpu_set_t ends at 1024).
using Mask = std::vector<unsigned long>;

size_t bytes(const Mask& mask) {
  return mask.size() * sizeof(unsigned long);
}

Mask affinity() {
  for (Mask mask(16);; mask.assign(mask.size() * 2, 0)) {
    // The kernel says EINVAL where the mask is shorter than its own.
    if (::sched_getaffinity(0, bytes(mask), reinterpret_cast<cpu_set_t*>(mask.data())) == 0) {
      return mask;
    }
    if (errno != EINVAL || mask.size() > (size_t{1} << 16)) {
      throw Error("sched_getaffinity", {}, errno);
    }
  }
}

void join_v2(const CgroupJoin& join) {
  try {
    write_once(join.v2_procs.get(), "0", "cgroup.procs");
  } catch (const Error& e) {
    if (!takes_no_process(e.code())) throw;
    if (!join.v2_other_procs) throw join_error(e);
    write_once(join.v2_other_procs.get(), "0", "cgroup.procs");
  }
}

}  // namespace

KeptAffinity::KeptAffinity() : mask_(affinity()) {}

void KeptAffinity::restore() const {
  const Mask allowed = affinity();
  Mask both(std::min(mask_.size(), allowed.size()));
  std::ranges::transform(mask_, allowed, both.begin(), std::bit_and<>());
  // Nothing in common: the cpuset's own CPUs are all that is left.
  if (both == allowed || std::ranges::all_of(both, [](auto word) { return word == 0; })) return;
  check(::sched_setaffinity(0, bytes(both), reinterpret_cast<const cpu_set_t*>(both.data())),
        "sched_setaffinity");
}

void join_self(const CgroupJoin& join) {
  if (join.v1_tasks.empty() && !join.v2_procs) return;
  const KeptAffinity before;
  join_self_on_any_cpu(join);
  before.restore();
}

void join_self_on_any_cpu(const CgroupJoin& join) {
  for (const UniqueFd& tasks : join.v1_tasks) write_once(tasks.get(), "0", "tasks");
  if (join.v2_procs) join_v2(join);
}

bool takes_no_process(int code) {
  return code == EBUSY || code == ENODEV || code == ENOENT || code == EOPNOTSUPP;
}

Error join_error(const Error& error) {
  Error joined("adding pid of the new process to cgroups", {}, error.code());
  if (error.code() == EBUSY) return joined.with_note("groups below it have controllers");
  if (error.code() == EOPNOTSUPP) return joined.with_note("it is a threaded group or below one");
  return joined;
}

void join_other(const CgroupJoin& join, pid_t pid) {
  const std::string text = std::to_string(pid);
  for (const UniqueFd& tasks : join.v1_tasks) write_once(tasks.get(), text, "tasks");
  if (join.v2_procs) write_once(join.v2_procs.get(), text, "cgroup.procs");
}

}  // namespace berth::runtime
