// Claims taken and given back on a tree, and all that there is to see of it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "rdt/ledger.h"
#include "tests/support/resctrl_tree.h"

namespace berth::rdt {

class Claims : public testing::Test {
 protected:
  explicit Claims(ResctrlTree::Options options = {});

  static std::string purpose(std::string claim);

  std::variant<Holding, Refusal> ask(const std::string& claim, const Wish& wish) const;
  Holding must(const std::string& claim, const Wish& wish) const;  // throws where it is refused
  Holding must(const std::string& claim, std::string_view amount,
               const std::vector<unsigned>& l3) const;
  std::string refused(const std::string& claim, const Wish& wish) const;
  // The error's line; `no error`.
  std::string failed(const std::string& claim, const Wish& wish) const;
  void back(const std::string& claim) const;
  std::vector<std::string> settle(const std::vector<std::string>& alive, bool kill = false) const;
  Layout ledger() const;

  // Every group with its lines and monitor groups, and who the ledger says has a part of it; other
  // files in the state directory.
  std::string everything() const;
  // Fails the n-th call of that name for that group, counted from 0.
  void fail(const std::string& call, const std::string& group, int code, int n = 0);

  ResctrlTree tree_;
  Resctrl resctrl_ = tree_.resctrl();
  Rules rules_;
  const std::string untouched_ = "default L3:0=7ff;1=7ff MB:0=100;1=100\n";
};

}  // namespace berth::rdt
