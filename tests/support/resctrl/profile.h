// What the kernel versions do differently in resctrl.
#pragma once

#include <string>

namespace berth::test::resctrl {

enum class Kernel { v4_18, v6_1, v6_12, v6_18, v7_0 };

struct Profile {
  Kernel kernel = Kernel::v6_1;

  explicit Profile(Kernel version = Kernel::v6_1) : kernel(version) {}
  bool from(Kernel version) const { return kernel >= version; }

  // schemata
  bool lines_reversed() const { return from(Kernel::v6_1); }     // 5.15: SMBA, MB, L2, L3
  bool values_padded() const { return !from(Kernel::v6_18); }    // to the widest value
  bool empty_masks() const { return from(Kernel::v6_1); }        // where min_cbm_bits is 0
  bool bandwidth_staged() const { return !from(Kernel::v6_1); }  // with mba_MBps too
  // groups
  bool modes() const { return from(Kernel::v6_1); }  // 4.19: mode, size, bit_usage, first masks
  bool rmid_first() const { return !from(Kernel::v6_12); }  // before the CLOSID, in mkdir
  bool rename() const { return from(Kernel::v6_12); }       // 6.5: of monitoring groups
  bool pid_lists() const { return from(Kernel::v6_12); }    // 6.7
  // An RMID that is freed is in limbo even where its occupancy is under the threshold.
  bool limbo_always() const { return from(Kernel::v6_12); }
  // files
  bool throttle_file() const { return from(Kernel::v6_1); }  // 5.10
  bool sparse_file() const { return from(Kernel::v6_12); }   // 6.7
  bool debug_option() const { return from(Kernel::v6_12); }  // 6.7
  bool event_file() const { return from(Kernel::v6_18); }    // 6.14: mba_MBps_event
  bool smba() const { return from(Kernel::v6_12); }          // 6.3
  bool sub_numa() const { return from(Kernel::v6_12); }      // 6.11
  // info/last_cmd_status
  bool cleared_by_mkdir_and_cpus() const { return !from(Kernel::v6_1) || from(Kernel::v6_18); }
  bool cleared_by_any_file() const { return from(Kernel::v7_0); }
  // A message as this version words it.
  std::string words(std::string message) const;
};

}  // namespace berth::test::resctrl
