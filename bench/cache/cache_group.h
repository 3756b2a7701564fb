// A part of the node's caches for one side of a measurement: a claim like any job's, made as the
// product makes them, so that `berth show` has it and `berth reap` takes it back after a crash.
#pragma once

#include <optional>
#include <string>

#include "launcher/prepare.h"
#include "rdt/way_mask.h"

namespace berth::cache_bench {

// What resctrl counts of a group in one L3; nothing where it counts nothing there.
std::optional<rdt::DomainFigures> figures_in(const rdt::Group& group, unsigned domain);

class CacheGroup {
 public:
  // `side`: victim or aggressors. `options` as a user types them, `--l3 4w`; the policy's word
  // counts. Throws Error where it is refused.
  CacheGroup(const launcher::Roots& roots, const topology::Machine& machine,
             const launcher::Policy& policy, const std::string& side,
             const launcher::RdtOptions& options, const topology::CpuSet& cpus);
  // Gives it back.
  ~CacheGroup();
  CacheGroup(const CacheGroup&) = delete;
  CacheGroup& operator=(const CacheGroup&) = delete;

  // Moves a process that has one thread.
  void add(pid_t pid) const;
  // Of one L3: what resctrl counts of whoever is in it.
  std::optional<rdt::DomainFigures> figures(unsigned domain) const;
  // Narrows the group to `keep` of its ways in an L3 and gives the rest to everybody, in one
  // domain and for a moment: for watching the lines go. What was is there again when this group is
  // given back.
  void hand_over(unsigned domain, unsigned keep) const;

 private:
  const launcher::Roots& roots_;
  std::string claim_;
  std::optional<launcher::Prepared> prepared_;
};

}  // namespace berth::cache_bench
