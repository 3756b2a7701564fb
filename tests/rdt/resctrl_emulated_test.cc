// rdt's calls on the emulator's mount: what a machine without RDT can show of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "rdt/resctrl.h"
#include "tests/support/resctrl/mount.h"

namespace berth::rdt {
namespace {

using namespace std::chrono_literals;
using test::resctrl::Call;
using test::resctrl::Model;
using test::resctrl::Mount;
using test::resctrl::Operation;
using testing::HasSubstr;

std::unique_ptr<Mount> mounted(test::resctrl::Processor processor) {
  try {
    return std::make_unique<Mount>(std::move(processor));
  } catch (const Error& error) {
    if (error.code() != EPERM && error.code() != ENOENT && error.code() != ENODEV) throw;
    return nullptr;
  }
}

#define MOUNT_OR_SKIP(mount, ...)                            \
  const std::unique_ptr<Mount> mount = mounted(__VA_ARGS__); \
  if (mount == nullptr) GTEST_SKIP() << "FUSE cannot be mounted here"

TEST(Emulated, CapabilityOfManyProcessors) {
  MOUNT_OR_SKIP(xeon, test::resctrl::newer_xeon());
  const Capability of_xeon = Resctrl(xeon->root()).capability();
  ASSERT_TRUE(of_xeon.l3);
  EXPECT_EQ(of_xeon.l3->shareable.bits(), 0xc0001U);
  EXPECT_EQ(of_xeon.max_groups, 7U) << "the L2's 8 CLOSIDs";
  MOUNT_OR_SKIP(gaps, test::resctrl::skylake({.ids = {0, 8, 24}, .cpus = 2}));
  EXPECT_EQ(Resctrl(gaps->root()).capability().l3->domains, (std::vector<unsigned>{0, 8, 24}));
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

}  // namespace
}  // namespace berth::rdt
