// What resctrl counts for a group, and which group a process is in
// (Documentation/filesystems/resctrl.rst, "Resource groups").
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace berth::rdt {

// Of one L3 domain. Nothing where the mount does not count it, or the hardware has no figure now
// (`Unavailable`, `Error`, `Unassigned`).
struct DomainFigures {
  unsigned domain = 0;                                       // cache id
  std::optional<uint64_t> llc_occupancy;                     // bytes
  std::optional<uint64_t> mbm_total_bytes, mbm_local_bytes;  // since the group was made
  bool operator==(const DomainFigures&) const = default;
};

// `group`: descriptor of a group's directory. By domain, ascending; empty where nothing is counted.
// Throws Error where a figure is no number.
std::vector<DomainFigures> read_figures(int group);

// The name of the control group that a process is in, "" for the default one, from a file of its
// /proc/PID/cpu_resctrl_groups; nothing where the kernel has no resctrl or none is mounted.
std::optional<std::string> control_group_of(pid_t pid);
std::optional<std::string> parse_control_group(const std::string& cpu_resctrl_groups);  // pure

}  // namespace berth::rdt
