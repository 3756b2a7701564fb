// A directory of plain files that looks like /sys/fs/resctrl and, through the calls it gives to
// Resctrl, answers like the kernel: new groups come with their files, masks are checked, lines not
// named keep their values, classes run out. Its whole state is in the files, so that a process may
// die in the middle and another go on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "rdt/resctrl.h"

namespace berth::rdt {

class ResctrlTree {
 public:
  struct Options {
    uint64_t full = 0x7ff;
    uint64_t shareable = 0x600;
    unsigned min_bits = 1;
    bool sparse = false;
    unsigned l3_closids = 16;
    unsigned mb_closids = 8;  // 0: no MB
    std::vector<unsigned> domains = {0, 1};
    bool padded = true;  // as kernels up to 6.12 print
    bool monitor = true;
    bool cdp = false;                       // L3CODE and L3DATA in place of L3
    uint64_t l2_full = 0;                   // 0: no L2
    std::vector<unsigned> l2_domains = {};  // of L2
    bool amd = false;                       // MB counts eighths of a GB/s
    bool mba_mbps = false;                  // MB counts MiB/s, as a mount with mba_MBps
  };
  // Asked before each call of the kernel's with its name (make, remove, assign) and the group's
  // ("" for the default one): an errno makes the call fail so, 0 lets it happen.
  using Interference = std::function<int(const std::string& call, const std::string& group)>;

  ResctrlTree() : ResctrlTree(Options{}) {}
  explicit ResctrlTree(Options options);
  ~ResctrlTree();
  ResctrlTree(const ResctrlTree&) = delete;
  ResctrlTree& operator=(const ResctrlTree&) = delete;

  Resctrl resctrl() const;
  int state_dir() const { return state_.get(); }  // an empty directory for the ledger
  const std::string& path() const { return path_; }
  void interfere(Interference interference) { interference_ = std::move(interference); }

  // Another program's group with these lines.
  void add_stranger(const std::string& name, std::string_view lines) const;
  std::string schemata(const std::string& group = "") const;  // normalised, not padded
  void write(const std::string& name, std::string_view content) const;

 private:
  int interfered(const std::string& call, const std::string& group) const;
  int make(const std::string& name) const;
  int remove(const std::string& name) const;
  int assign(const std::string& group, std::string_view lines) const;
  bool acceptable(const std::string& resource, unsigned domain, uint64_t value) const;
  void describe_cache(const std::string& resource, uint64_t full, uint64_t shareable) const;
  void describe_bandwidth() const;
  uint64_t unlimited() const;
  Schemata initial() const;                       // of a new group
  void furnish(const std::string& prefix) const;  // a group's files
  std::string printed(const Schemata& schemata) const;
  void fail(const std::string& status) const;

  Options options_;
  std::string path_;  // of a directory that holds `resctrl` and `state`
  UniqueFd root_, state_;
  Interference interference_;
};

}  // namespace berth::rdt
