// rdt's calls on the emulator's mount: what a machine without RDT can show of them.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "rdt/container_group.h"
#include "rdt/ledger.h"
#include "rdt/observe.h"
#include "tests/support/resctrl/actors.h"
#include "tests/support/resctrl/mount.h"
#include "tests/support/temporary_folder.h"

namespace berth::rdt {
namespace {

using namespace std::chrono_literals;
using test::resctrl::Call;
using test::resctrl::Model;
using test::resctrl::Mount;
using test::resctrl::Operation;
using testing::HasSubstr;

// Nothing, and why, where the machine does not let FUSE be mounted.
std::unique_ptr<Mount> mounted(std::string& why, test::resctrl::Processor processor,
                               test::resctrl::Profile profile = test::resctrl::Profile()) {
  try {
    return std::make_unique<Mount>(std::move(processor), profile);
  } catch (const Error& error) {
    if (error.code() != EPERM && error.code() != ENOENT && error.code() != ENODEV) throw;
    why = error.message();
    return nullptr;
  }
}

#define MOUNT_OR_SKIP(mount, ...)                                         \
  std::string mount##_why;                                                \
  const std::unique_ptr<Mount> mount = mounted(mount##_why, __VA_ARGS__); \
  if (mount == nullptr) GTEST_SKIP() << mount##_why

TEST(Emulated, CapabilityOfManyProcessors) {
  MOUNT_OR_SKIP(xeon, test::resctrl::newer_xeon());
  const Capability of_xeon = Resctrl(xeon->root()).capability();
  ASSERT_TRUE(of_xeon.caches.l3);
  EXPECT_EQ(of_xeon.caches.l3->shareable.bits(), 0xc0001U);
  EXPECT_EQ(of_xeon.max_groups, 7U) << "the L2's 8 CLOSIDs";
  MOUNT_OR_SKIP(gaps, test::resctrl::skylake({.ids = {0, 8, 24}, .cpus = 2}));
  EXPECT_EQ(Resctrl(gaps->root()).capability().caches.l3->domains,
            (std::vector<unsigned>{0, 8, 24}));
}

TEST(Emulated, AGroupFromItsBirthToItsEnd) {
  MOUNT_OR_SKIP(mount, test::resctrl::skylake());
  const Resctrl resctrl(mount->root());
  const Group group = resctrl.create("a");
  group.write({{{"L3", {{0, 3}, {1, 0x7c}}}}});
  EXPECT_TRUE(group.add_task(::getpid()));
  EXPECT_EQ(group.tasks(), std::vector<pid_t>{::getpid()});
  try {
    group.write({{{"L3", {{0, 5}}}}});
    ADD_FAILURE() << "a mask with a hole";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), EINVAL);
    EXPECT_THAT(error.message(), HasSubstr("non-consecutive"));
  }
  EXPECT_TRUE(resctrl.remove("a"));
  EXPECT_FALSE(resctrl.remove("a"));
  EXPECT_THROW((void)group.schemata(), Error) << "gone from under it";
}

TEST(Emulated, AGroupIsMadeOnceAnRmidIsBack) {
  MOUNT_OR_SKIP(mount, test::resctrl::skylake());
  int busy = 3;
  mount->with([&](Model& model) {
    model.set_hook([&busy](const Call& call) {
      return call.operation == Operation::make && busy-- > 0 ? EBUSY : 0;
    });
  });
  const Resctrl resctrl(mount->root());
  EXPECT_THROW(resctrl.create("a", 0ms), Error);
  EXPECT_NO_THROW(resctrl.create("a", 10s));
}

Wish ways(unsigned count, unsigned domain) {
  Wish wish;
  wish.asked = std::to_string(count) + "w";
  wish.caches.l3 = CacheWish{Amount{Amount::Unit::ways, count}, {}, {}};
  wish.domains.l3.push_back({domain, 11 << 20, 1, 1});
  return wish;
}

Wish four_ways() {
  return ways(4, 0);
}

// containerd with a configuration of RDT, between the making of our group and the write of its
// ways.
TEST(Emulated, AGroupThatContainerdRemovesUnderOurHandsIsMadeOnceMore) {
  MOUNT_OR_SKIP(mount, test::resctrl::skylake());
  const test::TemporaryFolder folder;
  const UniqueFd state = open_dir(AT_FDCWD, folder.path());
  unsigned removed = 0;
  mount->with([&](Model& model) {
    model.set_hook([&](const Call& call) {
      const bool ours = call.operation == Operation::write && call.path == "berth_1/schemata";
      if (ours && removed == 0) removed = test::resctrl::remove_others(model, {});
      return 0;
    });
  });
  const Resctrl resctrl(mount->root());
  const auto answer = take(resctrl, state.get(), "job_1", "job 1", four_ways(), {});
  ASSERT_TRUE(std::holds_alternative<Holding>(answer));
  EXPECT_EQ(removed, 1U);
  EXPECT_EQ(resctrl.find("berth_1")->schemata().resources.at("L3").at(0), 0xfU);
  EXPECT_THAT(resctrl.find("berth_1")->monitor_names(), testing::ElementsAre("job_1"));
  give_back(resctrl, state.get(), "job_1");
  EXPECT_EQ(resctrl.default_group().schemata().resources.at("L3").at(0), 0x7ffU);
}

uint64_t default_ways(const Resctrl& resctrl, unsigned domain) {
  return resctrl.default_group().schemata().resources.at("L3").at(domain);
}

// On ways that were nobody's for a while: the kernel refuses whatever overlaps them.
TEST(Emulated, TheDefaultGroupGrowsAroundAStrangerInExclusiveMode) {
  MOUNT_OR_SKIP(mount, test::resctrl::skylake());
  const test::TemporaryFolder folder;
  const UniqueFd state = open_dir(AT_FDCWD, folder.path());
  const Resctrl resctrl(mount->root());
  for (const unsigned domain : {0U, 1U}) {
    for (const unsigned count : {4U, 2U}) {
      const std::string claim = "job_" + std::to_string(10 * domain + count);
      ASSERT_TRUE(std::holds_alternative<Holding>(
          take(resctrl, state.get(), claim, claim, ways(count, domain), {})));
    }
  }
  for (const char* claim : {"job_4", "job_14"}) give_back(resctrl, state.get(), claim);
  EXPECT_EQ(default_ways(resctrl, 0), 0x7c0U);
  const Group stranger = resctrl.create("COS1");
  stranger.write({{{"L3", {{0, 0x3}, {1, 0xf}}}}});
  stranger.set_mode("exclusive");
  for (const char* claim : {"job_2", "job_12"}) give_back(resctrl, state.get(), claim);
  EXPECT_THAT(resctrl.group_names(), testing::ElementsAre("COS1"));
  EXPECT_EQ(default_ways(resctrl, 0), 0x7fcU);
  EXPECT_EQ(default_ways(resctrl, 1), 0x7f0U);
}

// pqos makes all classes that there are, just before ours.
TEST(Emulated, AllClassesTakenUnderOurHandsLeaveEverythingAsItWas) {
  MOUNT_OR_SKIP(mount, test::resctrl::skylake());
  const test::TemporaryFolder folder;
  const UniqueFd state = open_dir(AT_FDCWD, folder.path());
  unsigned made = 0;
  mount->with([&](Model& model) {
    model.set_hook([&](const Call& call) {
      const bool ours = call.operation == Operation::make && call.path == "berth_1";
      if (ours && made == 0) made = test::resctrl::make_all_classes(model);
      return 0;
    });
  });
  const Resctrl resctrl(mount->root());
  const auto before = resctrl.default_group().schemata();
  try {
    const auto answer = take(resctrl, state.get(), "job_1", "job 1", four_ways(), {});
    // The second try sees them, and they have all ways.
    ASSERT_TRUE(std::holds_alternative<Refusal>(answer));
    EXPECT_THAT(std::get<Refusal>(answer).reason, HasSubstr("groups not of berth"));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ENOSPC) << error.message();
  }
  EXPECT_GT(made, 0U);
  EXPECT_EQ(resctrl.default_group().schemata(), before);
  EXPECT_FALSE(resctrl.find("berth_1"));
  EXPECT_EQ(resctrl.group_names().size(), made) << "pqos' groups are left alone";
}

// AMD's limit of traffic to CXL memory: a container's configuration may name it, a job's group has
// all of it, and the default group keeps what the admin gave it.
TEST(Emulated, SlowMemoryBandwidthIsPassedThrough) {
  MOUNT_OR_SKIP(mount, test::resctrl::amd(), test::resctrl::Profile(test::resctrl::Kernel::v6_12));
  const Resctrl resctrl(mount->root());
  const Capability capability = resctrl.capability();
  ASSERT_TRUE(capability.throttles.smba);
  const uint64_t unlimited = capability.throttles.smba->unlimited;
  resctrl.default_group().write({{{"SMBA", {{0, 100}}}}});

  const ContainerWish wish{"", parse_schemata("L3:0=1\nSMBA:0=64;1=128"), false};
  const ContainerGroup container = make_container_group(resctrl, "box", wish);
  const DomainValues of_container = resctrl.find("box")->schemata().resources.at("SMBA");
  EXPECT_EQ(of_container, (DomainValues{{0, 64}, {1, 128}, {2, unlimited}, {3, unlimited}}));

  const test::TemporaryFolder folder;
  const UniqueFd state = open_dir(AT_FDCWD, folder.path());
  ASSERT_TRUE(std::holds_alternative<Holding>(
      take(resctrl, state.get(), "job_1", "job 1", four_ways(), {})));
  EXPECT_EQ(resctrl.find("berth_1")->schemata().resources.at("SMBA").at(0), unlimited);
  EXPECT_EQ(resctrl.find("box")->schemata().resources.at("SMBA"), of_container);
  give_back(resctrl, state.get(), "job_1");
  EXPECT_EQ(resctrl.default_group().schemata().resources.at("SMBA").at(0), 100U);
  remove_container_group(resctrl, container);
}

// A processor with few monitoring ids, one of them the default group's.
class FewRmids : public testing::Test {
 protected:
  void start(unsigned rmids) {
    auto processor = test::resctrl::skylake();
    processor.monitor->rmids = rmids;
    std::string why;
    mount_ = mounted(why, std::move(processor));
    if (mount_ == nullptr) GTEST_SKIP() << why;
    resctrl_.emplace(mount_->root());
    mount_->with([&](Model& model) {
      model.set_hook([this](const Call& call) {
        if (call.operation != Operation::make) return 0;
        made_.push_back(call.path);
        return fail_;
      });
    });
  }
  std::variant<Holding, Refusal> ask(const std::string& claim, const Wish& wish) const {
    return take(*resctrl_, state_.get(), claim, claim, wish, {});
  }
  Place must(const std::string& claim, const Wish& wish) const {
    const auto answer = ask(claim, wish);
    if (const auto* refusal = std::get_if<Refusal>(&answer)) {
      ADD_FAILURE() << claim << ": " << refusal->reason;
      return {};
    }
    return std::get<Holding>(answer).place;
  }
  // Why; and nothing is left of it.
  std::string refused(const Wish& wish) const {
    const auto before = everything();
    const auto answer = ask("refused", wish);
    EXPECT_EQ(everything(), before);
    const auto* refusal = std::get_if<Refusal>(&answer);
    return refusal == nullptr ? "granted" : refusal->reason;
  }
  std::string everything() const {
    std::string text = format_schemata(resctrl_->default_group().schemata());
    for (const std::string& name : resctrl_->group_names()) {
      const auto group = resctrl_->find(name);
      text += name + " " + format_schemata(group->schemata());
      for (const std::string& monitor : group->monitor_names()) text += monitor + "\n";
    }
    for (const std::string& file : list_dir(state_.get())) {
      if (file != "rdt-capability.json") text += file + " " + read_file(state_.get(), file);
    }
    return text;
  }
  void back(const std::string& claim) const { give_back(*resctrl_, state_.get(), claim); }

  std::unique_ptr<Mount> mount_;
  std::optional<Resctrl> resctrl_;
  const test::TemporaryFolder folder_;
  const UniqueFd state_ = open_dir(AT_FDCWD, folder_.path());
  std::vector<std::string> made_;
  int fail_ = 0;
};

TEST_F(FewRmids, AClaimAloneInItsGroupDoesWithoutOneOfItsOwn) {
  start(4);
  if (IsSkipped()) return;
  EXPECT_EQ(must("job_1", ways(2, 0)), (Place{"berth_1", "job_1"}));
  made_.clear();
  EXPECT_EQ(must("job_2", ways(2, 0)), (Place{"berth_2", ""}));
  EXPECT_THAT(made_, testing::ElementsAre("berth_2")) << "what is made and undone is in limbo then";
  EXPECT_EQ(rmids_in_use(*resctrl_), 4U);
  const Layout ledger = read_ledger(state_.get(), resctrl_->capability());
  EXPECT_EQ(own_place_of(ledger, "job_2"), (Place{"berth_2", ""}));
  EXPECT_FALSE(ledger.member("job_2")->monitored);
  // It could join job_1's group, but nobody could tell the two apart.
  EXPECT_EQ(refused(ways(2, 1)), "the node has no monitoring id (RMID) left: 4 of 4 in use");
  EXPECT_EQ(refused(ways(2, 0)), "the node has no monitoring id (RMID) left: 4 of 4 in use");
  // The second task of a step, say, needs none.
  EXPECT_EQ(must("job_2", ways(2, 0)), (Place{"berth_2", ""}));
  // Its id comes back within a second or two.
  back("job_2");
  EXPECT_EQ(must("job_3", ways(2, 1)), (Place{"berth_1", "job_3"}));
  back("job_1");
  back("job_3");
  EXPECT_EQ(resctrl_->default_group().schemata().resources.at("L3").at(0), 0x7ffU);
}

// One that joins a group takes one id, one that makes a group two.
TEST_F(FewRmids, OneIdIsEnoughToJoinAGroup) {
  start(4);
  if (IsSkipped()) return;
  must("job_1", ways(2, 0));
  EXPECT_EQ(must("job_2", ways(2, 1)), (Place{"berth_1", "job_2"}));
  EXPECT_EQ(rmids_in_use(*resctrl_), 4U);
}

TEST_F(FewRmids, OthersGroupsAndMonitorGroupsCount) {
  start(5);
  if (IsSkipped()) return;
  const Group stranger = resctrl_->create("COS1");
  stranger.write({{{"L3", {{0, 0x400}, {1, 0x400}}}}});
  (void)stranger.make_monitor("one");
  (void)resctrl_->default_group().make_monitor("two");
  EXPECT_EQ(must("job_1", ways(2, 0)), (Place{"berth_1", ""}));
  EXPECT_EQ(refused(ways(2, 0)), "the node has no monitoring id (RMID) left: 5 of 5 in use");
  const Capability capability = resctrl_->capability();
  const Layout ledger = read_ledger(state_.get(), capability);
  EXPECT_EQ(rmids_in_use(*resctrl_), 5U);
  EXPECT_EQ(rmids_in_use(*resctrl_, observe(*resctrl_, capability, ledger)), 5U);
}

// The ids are somebody's who has no group: the kernel's word.
TEST_F(FewRmids, WhatTheKernelSaysGoes) {
  start(64);
  if (IsSkipped()) return;
  fail_ = ENOSPC;
  const auto answer = [&] {
    try {
      return refused(ways(2, 0));
    } catch (const Error& e) {
      return e.message();
    }
  };
  EXPECT_THAT(answer(), HasSubstr("make resctrl group 'berth_1'")) << "not said to be RMIDs";
  fail_ = EBUSY;  // for ever
  EXPECT_EQ(answer(),
            "the node has no monitoring id (RMID) left: 1 of 64 in use, and those given back are "
            "not free yet");
}

}  // namespace
}  // namespace berth::rdt
