// Where the benchmarks of rdt/ do what they measure: this machine's resctrl where it has one (an
// idle one; `tests/vm/vm` boots one), and two stand-ins, whose own cost is a part of what is seen:
// a tree of files in memory, which costs little and answers little, and the emulator behind its
// mount, which answers as the kernel would and costs a round trip through FUSE for each call.
#pragma once

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "rdt/resctrl.h"
#include "tests/support/resctrl/processor.h"
#include "tests/support/resctrl_tree.h"

namespace berth::rdt {

inline ResctrlTree::Options roomy() {
  return {.full = 0xfffff, .shareable = 0, .l3_closids = 32, .mb_closids = 0};
}

// As the capability of `roomy`, and so many RMIDs that none of those in limbo is missed.
inline test::resctrl::Processor roomy_processor() {
  test::resctrl::Processor processor = test::resctrl::skylake();
  processor.l3->ways = 20;
  processor.l3->closids = 32;
  processor.l3->shareable = 0;
  processor.mb.reset();
  processor.monitor->rmids = 1 << 16;
  return processor;
}

// The kernel's own, or nothing, and the benchmark is skipped with the reason.
inline std::optional<Resctrl> idle_kernel(benchmark::State& state) {
  auto resctrl = Resctrl::open();
  if (!resctrl || !resctrl->capability().caches.l3) {
    state.SkipWithError("no resctrl with L3 CAT");
    return std::nullopt;
  }
  if (!resctrl->group_names().empty()) {
    state.SkipWithError("somebody uses this resctrl");
    return std::nullopt;
  }
  return resctrl;
}

// A state directory as /run/berth is: in memory, gone with the run.
class StateDirectory {
 public:
  StateDirectory() : path_("/dev/shm/berth-bench-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) throw Error("mkdtemp", path_, errno);
    fd_ = open_dir(AT_FDCWD, path_);
  }
  ~StateDirectory() { std::filesystem::remove_all(path_); }
  StateDirectory(const StateDirectory&) = delete;
  StateDirectory& operator=(const StateDirectory&) = delete;
  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  UniqueFd fd_;
};

}  // namespace berth::rdt
