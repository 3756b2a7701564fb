// A resctrl to work on by system calls of any process: the machine's own where it has one (nobody
// may be using it), else the emulator behind a mount, as a two-socket Xeon of eleven ways.
#pragma once

#include <memory>
#include <optional>

#include "rdt/resctrl.h"
#include "tests/support/resctrl/mount.h"
#include "tests/support/temporary_folder.h"

namespace berth::rdt {

class SomeResctrl {
 public:
  SomeResctrl();
  const Resctrl& resctrl() const { return *resctrl_; }
  int state_dir() const { return state_.get(); }
  bool is_the_kernels() const { return emulated_ == nullptr; }
  test::resctrl::Mount* emulated() { return emulated_.get(); }

 private:
  std::unique_ptr<test::resctrl::Mount> emulated_;
  std::optional<Resctrl> resctrl_;
  test::TemporaryFolder folder_;
  UniqueFd state_;
};

}  // namespace berth::rdt
