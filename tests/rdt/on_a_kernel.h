// Claims on a kernel's own resctrl, which nobody else uses meanwhile. Skips where none is mounted;
// the guest of tests/vm has one.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <variant>

#include "rdt/ledger.h"
#include "tests/support/temporary_folder.h"

namespace berth::rdt {

class OnAKernel : public testing::Test {
 protected:
  // A fixture with a SetUp of its own goes on only where this one leaves a `resctrl_`.
  void SetUp() override;
  // Every group is gone then, and the default group as it was.
  void TearDown() override;

  // After a mount of other options.
  void open_resctrl();

  std::variant<Holding, Refusal> ask(const std::string& claim, const Wish& wish) const;
  Holding must(const std::string& claim, const Wish& wish) const;  // throws where it is refused
  void back(const std::string& claim) const;
  Layout ledger() const;
  WayMask mask(const std::string& group, unsigned id) const;  // of L3; "" is the default group

  std::optional<Resctrl> resctrl_;
  Capability capability_;
  std::string before_;  // the default group's lines
  Rules rules_;
  test::TemporaryFolder folder_;
  UniqueFd state_;
};

}  // namespace berth::rdt
