#include "tests/rdt/on_a_kernel.h"

#include <fcntl.h>

#include "base/error.h"
#include "base/file.h"

namespace berth::rdt {

void OnAKernel::SetUp() {
  if (!Resctrl::open()) GTEST_SKIP() << "/sys/fs/resctrl: " << errno_text(ENOENT);
  state_ = open_dir(AT_FDCWD, folder_.path());
  open_resctrl();
}

void OnAKernel::open_resctrl() {
  auto opened = Resctrl::open();
  ASSERT_TRUE(opened);
  ASSERT_TRUE(opened->group_names().empty()) << "somebody uses this resctrl";
  capability_ = opened->capability();
  ASSERT_TRUE(capability_.caches.l3);
  before_ = read_file(opened->root(), "schemata");
  resctrl_ = std::move(opened);
}

void OnAKernel::TearDown() {
  if (!resctrl_) return;
  EXPECT_EQ(read_file(resctrl_->root(), "schemata"), before_)
      << "the default group is not as it was";
  EXPECT_TRUE(resctrl_->group_names().empty());
  for (const std::string& name : resctrl_->group_names()) resctrl_->remove(name);
  const Group rest = resctrl_->default_group();
  for (const std::string& name : rest.monitor_names()) rest.remove_monitor(name);
  rest.write(parse_schemata(before_));
}

std::variant<Holding, Refusal> OnAKernel::ask(const std::string& claim, const Wish& wish) const {
  return take(*resctrl_, state_.get(), claim, claim, wish, rules_);
}

Holding OnAKernel::must(const std::string& claim, const Wish& wish) const {
  auto answer = ask(claim, wish);
  if (const Refusal* refusal = std::get_if<Refusal>(&answer)) throw Error(refusal->reason);
  return std::get<Holding>(std::move(answer));
}

void OnAKernel::back(const std::string& claim) const {
  give_back(*resctrl_, state_.get(), claim);
}

Layout OnAKernel::ledger() const {
  return read_ledger(state_.get(), capability_);
}

WayMask OnAKernel::mask(const std::string& group, unsigned id) const {
  const Group found = group.empty() ? resctrl_->default_group() : resctrl_->find(group).value();
  return WayMask(found.schemata().resources.at("L3").at(id));
}

}  // namespace berth::rdt
