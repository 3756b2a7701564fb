// A set of logical processors by the kernel's numbers (hwloc: PU os_index), of any size.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace berth::topology {

class CpuSet {
 public:
  CpuSet() = default;
  CpuSet(std::initializer_list<unsigned> cpus);

  // The kernel's list format, `0-3,8` (Documentation/admin-guide/cputopology.rst); a trailing
  // newline is accepted. Throws Error naming the text where it is anything else.
  static CpuSet parse(std::string_view list);
  // The CPUs that thread `pid` may run on (sched_getaffinity(2)); 0 is the caller.
  static CpuSet of_task(pid_t pid);

  void insert(unsigned cpu);
  bool contains(unsigned cpu) const;
  bool empty() const;
  size_t size() const;
  std::vector<unsigned> cpus() const;  // ascending
  std::string to_list() const;         // `0-3,8`; empty for the empty set

  CpuSet operator&(const CpuSet& other) const;
  CpuSet operator|(const CpuSet& other) const;
  CpuSet minus(const CpuSet& other) const;
  bool intersects(const CpuSet& other) const;
  bool is_subset_of(const CpuSet& other) const;
  bool operator==(const CpuSet& other) const;

 private:
  void trim();
  std::vector<bool> bits_;  // no trailing false, so that equality is memberwise
};

// The calling thread runs on these alone from now on (sched_setaffinity(2)). Throws Error.
void bind_to(const CpuSet& cpus);

}  // namespace berth::topology
