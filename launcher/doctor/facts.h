// What `berth doctor` looks at, read once and judged afterwards.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "launcher/cache_map.h"
#include "launcher/policy.h"
#include "rdt/resctrl.h"

namespace berth::launcher {

// Of the first processor in /proc/cpuinfo.
struct CpuFacts {
  std::string vendor, name;  // `GenuineIntel`, the marketing name
  unsigned family = 0, model = 0;
  std::set<std::string> flags;
  bool has(const char* flag) const { return flags.contains(flag); }
};
CpuFacts parse_cpuinfo(const std::string& text);  // pure

struct MountFacts {
  std::string point, options;
};
// Of resctrl, in the order of /proc/self/mountinfo. Pure.
std::vector<MountFacts> parse_mounts(const std::string& mountinfo);

struct StateDirFacts {
  uid_t owner = 0;
  mode_t mode = 0755;
};

struct DoctorFacts {
  explicit DoctorFacts(const topology::Machine& machine) : node{machine, {}, {}, {}, {}} {}

  NodeFacts node;  // no capability: resctrl is not mounted where berth looks for it
  bool root = true;
  std::optional<CpuFacts> cpu;      // nothing: it could not be read
  bool kernel_has_resctrl = false;  // in /proc/filesystems
  std::string kernel_arguments;
  std::vector<MountFacts> mounts;
  bool in_fstab = false;
  std::map<std::string, std::string> modes;  // of the groups that are not ours
  unsigned rmids_used = 0;
  bool sub_numa = false;   // figures of parts of an L3 (kernel 6.11, sub-NUMA clusters)
  bool lock_held = false;  // by somebody who did not let go of it
  bool journal = false;    // a change was begun and not ended
  std::string ledger_error;
  std::optional<StateDirFacts> state_dir;  // nothing: not there
  std::optional<Policy> policy;
  std::string policy_error;
  std::vector<std::string> unread;  // what else could not be looked at: `/proc/cmdline: ...`
};

// Where it is looked for.
struct DoctorPlaces {
  std::string proc = "/proc", fstab = "/etc/fstab";
  std::string state_dir = kStateDir;
  std::string policy = kDefaultPolicyFile;
};

// `machine` outlives the facts; `resctrl` is null where none is mounted. Reads resctrl under its
// lock where that can be had, so that no change that is under way looks like damage. Never throws
// for what it does not find.
DoctorFacts gather(const topology::Machine& machine, const rdt::Resctrl* resctrl,
                   const DoctorPlaces& places = {});

}  // namespace berth::launcher
