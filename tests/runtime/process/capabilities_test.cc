#include "runtime/process/capabilities.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/runtime/process/in_child.h"

namespace berth::runtime::process {
namespace {

using Names = std::vector<std::string>;
const Names kTwo{"CAP_KILL", "CAP_NET_BIND_SERVICE"};  // bits 5 and 10: 0x420

std::string sets() {
  return test::status_of("CapInh") + " " + test::status_of("CapPrm") + " " +
         test::status_of("CapEff") + " " + test::status_of("CapBnd") + " " +
         test::status_of("CapAmb");
}

std::string sets_after(const std::optional<spec::Capabilities>& wanted, uid_t uid,
                       bool keep = false) {
  return test::in_child([&] {
    const CapabilityPlan plan(wanted);
    plan.limit_bounding();
    check(::setresuid(uid, uid, uid), "setresuid");
    plan.apply(keep);
    return sets();
  });
}

TEST(Capabilities, AreExactlyTheFiveSets) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  const spec::Capabilities wanted{kTwo, kTwo, {"CAP_KILL"}, kTwo, {"CAP_KILL"}};
  const std::string expected =
      "0000000000000020 0000000000000420 0000000000000420 0000000000000420 0000000000000020";
  EXPECT_EQ(sets_after(wanted, 0), expected);
  EXPECT_EQ(sets_after(wanted, 65534), expected);
}

TEST(Capabilities, AbsentMeansNone) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  EXPECT_EQ(sets_after(std::nullopt, 0),
            "0000000000000000 0000000000000000 0000000000000000 0000000000000000 "
            "0000000000000000");
}

// CVE-2022-24769: what the caller has inheritable is not the program's.
TEST(Capabilities, NothingIsInheritableUnlessAskedFor) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  const Names some{"CAP_KILL", "CAP_SETPCAP"};
  EXPECT_EQ(test::in_child([&] {
              const CapabilityPlan caller(spec::Capabilities{some, some, some, some, some});
              caller.limit_bounding();
              caller.apply(false);
              std::string inheritable = test::status_of("CapInh");
              const CapabilityPlan plan(spec::Capabilities{some, some, {}, some, {}});
              plan.limit_bounding();
              plan.apply(false);
              return inheritable + " " + test::status_of("CapInh") + " " +
                     test::status_of("CapAmb");
            }),
            "0000000000000120 0000000000000000 0000000000000000");
}

TEST(Capabilities, SysAdminStaysInPermittedAndEffectiveAlone) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  EXPECT_EQ(sets_after(std::nullopt, 0, true),
            "0000000000000000 0000000000200000 0000000000200000 0000000000000000 "
            "0000000000000000");
}

TEST(Capabilities, LeavesOutWhatThisProcessLacks) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  const std::string answer = test::in_child([] {
    const CapabilityPlan less(
        spec::Capabilities{{"CAP_SETPCAP"}, {"CAP_SETPCAP"}, {}, {"CAP_SETPCAP"}, {}});
    less.limit_bounding();
    less.apply(false);
    const CapabilityPlan plan(spec::Capabilities{kTwo, kTwo, kTwo, kTwo, kTwo});
    plan.limit_bounding();
    plan.apply(false);
    return sets();
  });
  EXPECT_EQ(answer,
            "0000000000000000 0000000000000000 0000000000000000 0000000000000000 "
            "0000000000000000");
}

TEST(Capabilities, RefusesAnUnknownName) {
  EXPECT_EQ(test::in_child([] {
              (void)CapabilityPlan(spec::Capabilities{{"CAP_MAGIC"}, {}, {}, {}, {}});
              return std::string("taken");
            }),
            "error: process.capabilities: 'CAP_MAGIC' is not a capability");
}

TEST(NoNewPrivileges, IsSetForGood) {
  EXPECT_EQ(test::in_child([] {
              set_no_new_privileges();
              return test::status_of("NoNewPrivs");
            }),
            "1");
}

}  // namespace
}  // namespace berth::runtime::process
