// rdt's calls on the emulator's mount: what a machine without RDT can show of them.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "rdt/container_group.h"
#include "rdt/ledger.h"
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

Wish four_ways() {
  Wish wish;
  wish.asked = "4w";
  wish.caches.l3 = CacheWish{Amount{Amount::Unit::ways, 4}, {}, {}};
  wish.domains.l3.push_back({0, 11 << 20, 1, 1});
  return wish;
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

}  // namespace
}  // namespace berth::rdt
