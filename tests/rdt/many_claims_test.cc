// As many claims as the hardware has classes, and more, on a kernel's own resctrl; which ones have
// their ways to themselves is marked in the log of the registers (tests/vm/mark), so that who reads
// it afterwards can say whether two of them ever overlapped. In the guest, with 20 ways a socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/rdt/on_a_kernel.h"

namespace berth::rdt {
namespace {

class ManyClaims : public OnAKernel {
 protected:
  void SetUp() override {
    OnAKernel::SetUp();
    if (!resctrl_) return;
    ASSERT_EQ(capability_.caches.l3->full.count(), 20U) << "boot with --rdt ways=20,mba=0";
    ASSERT_EQ(capability_.max_groups, 15U);
  }
  void TearDown() override {
    if (!resctrl_) return;
    // Nothing is anybody's alone any more.
    for (unsigned closid = 1; closid < 16; ++closid) mark("shared", closid, {0, 1});
    reconcile(*resctrl_, state_.get(), std::vector<std::string>(), false);
    OnAKernel::TearDown();
  }

  Wish wish(unsigned ways, unsigned at) const {
    Wish wish;
    wish.asked = std::to_string(ways) + "w";
    wish.caches.l3 = CacheWish{Amount{Amount::Unit::ways, ways}, {}, {}};
    wish.domains.l3.push_back({capability_.caches.l3->domains.at(at), 20 << 20, 1, 1});
    return wish;
  }
  // Takes it and marks it as alone on that socket. The kernel gives the lowest free CLOSID to a new
  // group, and berth the lowest free number: they are the same as long as nobody else has a group.
  Holding must(const std::string& claim, unsigned ways, unsigned socket) const {
    Holding holding = OnAKernel::must(claim, wish(ways, socket));
    mark("exclusive", closid_of(holding.place.group), {socket});
    return holding;
  }
  void back(const std::string& claim, unsigned socket) const {
    mark("shared", closid_of(ledger().group_of(claim)->name), {socket});
    OnAKernel::back(claim);
  }

  static unsigned closid_of(const std::string& group) {
    return static_cast<unsigned>(std::stoul(group.substr(kGroupPrefix.size())));
  }
  static void mark(const char* what, unsigned closid, const std::vector<unsigned>& sockets) {
    std::string command =
        std::string(BERTH_SOURCE_DIR "/tests/vm/mark ") + what + " " + std::to_string(closid);
    for (const unsigned socket : sockets) command += " " + std::to_string(socket);
    ASSERT_EQ(::system(command.c_str()), 0) << command;
  }

  WayMask mask(const std::string& group, unsigned at) const {
    return OnAKernel::mask(group, capability_.caches.l3->domains.at(at));
  }
  // The ways of all claims on the socket are apart from each other, the default group's and I/O's;
  // their number.
  unsigned expect_apart(unsigned socket) const {
    WayMask seen = mask("", socket) | capability_.caches.l3->shareable;
    unsigned holders = 0;
    for (const Clos& group : ledger().groups) {
      if (group.slots.l3[socket].hold != Hold::exclusive) continue;
      const WayMask mine = mask(group.name, socket);
      EXPECT_EQ(mine, group.slots.l3[socket].ways) << group.name << ": read back";
      EXPECT_FALSE(mine.intersects(seen)) << group.name << " on socket " << socket;
      seen = seen | mine;
      ++holders;
    }
    return holders;
  }
};

TEST_F(ManyClaims, FifteenOnOneSocketFifteenMoreOnTheOtherAndRoomIsMadeAmongThem) {
  for (unsigned i = 0; i < 15; ++i) must("job_" + std::to_string(i), 1, 0);
  EXPECT_EQ(expect_apart(0), 15U);
  EXPECT_EQ(resctrl_->group_names().size(), 15U);
  const auto one_more = ask("job_x", wish(1, 0));
  ASSERT_TRUE(std::holds_alternative<Refusal>(one_more));
  EXPECT_EQ(std::get<Refusal>(one_more).reason,
            "all 15 groups that the hardware has are taken (15 of berth, 0 of others)");

  for (unsigned i = 0; i < 15; ++i) {
    const Holding holding = must("other_" + std::to_string(i), 1, 1);
    EXPECT_TRUE(holding.grant.packed);
  }
  EXPECT_EQ(expect_apart(1), 15U) << "30 claims on hardware with 16 classes";
  EXPECT_EQ(resctrl_->group_names().size(), 15U);
  for (const Clos& group : ledger().groups) {
    EXPECT_THAT(resctrl_->find(group.name)->monitor_names(), testing::SizeIs(2)) << group.name;
  }

  // Every second way of socket 0 is free now: six side by side are to be had by moves alone.
  for (unsigned i = 0; i < 15; i += 2) back("job_" + std::to_string(i), 0);
  EXPECT_EQ(expect_apart(0), 7U);
  const Holding large = must("large", 10, 0);
  EXPECT_GE(large.grant.moved.size(), 2U) << "the holes were scattered";
  EXPECT_EQ(mask(large.place.group, 0).count(), 10U);
  EXPECT_EQ(expect_apart(0), 8U);
  EXPECT_EQ(expect_apart(1), 15U) << "nobody there was moved";
  for (const Moved& moved : large.grant.moved) {
    std::printf("moved '%s' from %s to %s\n", moved.holder.c_str(), moved.from.to_hex().c_str(),
                moved.to.to_hex().c_str());
  }
}

}  // namespace
}  // namespace berth::rdt
