// What a process sees of itself after each of the attributes that only the kernel keeps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/run_program.h"
#include "runtime/process/cpu_affinity.h"
#include "runtime/process/io_priority.h"
#include "runtime/process/memory_policy.h"
#include "runtime/process/personality.h"
#include "runtime/process/scheduler.h"
#include "runtime/process/time_offsets.h"
#include "tests/runtime/process/in_child.h"

namespace berth::runtime::process {
namespace {

using ::testing::StartsWith;

spec::Scheduler scheduler(uint32_t policy, const char* name) {
  spec::Scheduler result;
  result.policy = policy;
  result.name = name;
  return result;
}

std::string own_scheduler() {
  const int policy = check(::sched_getscheduler(0), "sched_getscheduler");
  sched_param parameters{};
  check(::sched_getparam(0, &parameters), "sched_getparam");
  return std::to_string(policy & ~SCHED_RESET_ON_FORK) +
         ((policy & SCHED_RESET_ON_FORK) != 0 ? " reset" : "") + " nice " +
         std::to_string(::getpriority(PRIO_PROCESS, 0)) + " priority " +
         std::to_string(parameters.sched_priority);
}

TEST(Scheduler, SetsPolicyAndNice) {
  EXPECT_EQ(test::in_child([] {
              spec::Scheduler batch = scheduler(SCHED_BATCH, "SCHED_BATCH");
              batch.nice = 7;
              set_scheduler(batch);
              return own_scheduler();
            }),
            "3 nice 7 priority 0");
}

TEST(Scheduler, SetsRealTimePriorityAndFlags) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  EXPECT_EQ(test::in_child([] {
              spec::Scheduler round_robin = scheduler(SCHED_RR, "SCHED_RR");
              round_robin.priority = 3;
              round_robin.flags = SCHED_FLAG_RESET_ON_FORK;
              set_scheduler(round_robin);
              return own_scheduler();
            }),
            "2 reset nice 0 priority 3");
}

TEST(Scheduler, NamesThePolicyThatIsRefused) {
  EXPECT_EQ(test::in_child([] {
              set_scheduler(scheduler(4, "SCHED_ISO"));
              return own_scheduler();
            }),
            "error: set process.scheduler 'SCHED_ISO': invalid argument");
}

TEST(Scheduler, KnowsWhatAChildWouldNotHave) {
  spec::Scheduler fifo = scheduler(SCHED_FIFO, "SCHED_FIFO");
  EXPECT_TRUE(is_inherited(fifo));
  fifo.flags = SCHED_FLAG_RESET_ON_FORK;
  EXPECT_FALSE(is_inherited(fifo));
  EXPECT_FALSE(is_inherited(scheduler(SCHED_DEADLINE, "SCHED_DEADLINE")));
}

TEST(IoPriority, IsSet) {
  EXPECT_EQ(test::in_child([] {
              set_io_priority({.io_class = spec::IoClass::best_effort, .priority = 6});
              // As util-linux has it.
              return run_program({"ionice", "-p", std::to_string(::getpid())}).output;
            }),
            "best-effort: prio 6\n");
}

TEST(CpuAffinity, IsTheListAlone) {
  EXPECT_EQ(test::in_child([] {
              set_cpu_affinity({1}, "final");
              return test::status_of("Cpus_allowed_list");
            }),
            "1");
}

TEST(CpuAffinity, BeyondTheLastCpuIsAnErrorWithItsKey) {
  EXPECT_EQ(test::in_child([] {
              set_cpu_affinity({60000}, "initial");
              return std::string("set");
            }),
            "error: set process.execCPUAffinity.initial: invalid argument");
}

TEST(Personality, NamesA32BitMachine) {
  EXPECT_EQ(test::in_child([] {
              set_personality(PER_LINUX32);
              utsname name{};
              check(::uname(&name), "uname");
              return std::string(name.machine);
            }),
            "i686");
}

TEST(MemoryPolicy, IsSetWithItsNodes) {
  EXPECT_EQ(test::in_child([] {
              set_memory_policy(
                  {.mode = MPOL_BIND | MPOL_F_STATIC_NODES, .name = "MPOL_BIND", .nodes = {0}});
              int mode = -1;
              unsigned long nodes[16] = {};
              check(::syscall(SYS_get_mempolicy, &mode, nodes, sizeof nodes * 8, nullptr, 0),
                    "get_mempolicy");
              return std::to_string(mode) + " on " + std::to_string(nodes[0]);
            }),
            std::to_string(MPOL_BIND | MPOL_F_STATIC_NODES) + " on 1");
}

TEST(MemoryPolicy, MayHaveNoNodes) {
  EXPECT_EQ(test::in_child([] {
              set_memory_policy({.mode = MPOL_LOCAL, .name = "MPOL_LOCAL", .nodes = {}});
              int mode = -1;
              check(::syscall(SYS_get_mempolicy, &mode, nullptr, 0, nullptr, 0), "get_mempolicy");
              return std::to_string(mode);
            }),
            std::to_string(MPOL_LOCAL));
}

TEST(TimeNamespace, ShowsClocksAtTheirOffsets) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  const std::string answer = test::in_child([] {
    timespec before{}, after{};
    check(::unshare(CLONE_NEWTIME), "unshare");
    ::clock_gettime(CLOCK_BOOTTIME, &before);
    enter_time_namespace({{.clock = "boottime", .seconds = 86400, .nanoseconds = 0}}, false);
    ::clock_gettime(CLOCK_BOOTTIME, &after);
    const auto gone = after.tv_sec - before.tv_sec;
    return gone >= 86400 && gone < 86460 ? std::string("a day later") : std::to_string(gone);
  });
  EXPECT_EQ(answer, "a day later");
}

TEST(TimeNamespace, AnImpossibleOffsetIsAnError) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  EXPECT_THAT(test::in_child([] {
                check(::unshare(CLONE_NEWTIME), "unshare");
                enter_time_namespace(
                    {{.clock = "monotonic", .seconds = -1'000'000'000'000, .nanoseconds = 0}},
                    false);
                return std::string("entered");
              }),
              StartsWith("error: set linux.timeOffsets: "));
}

TEST(CpuAffinity, AsAMaskIsAHexadecimalNumber) {
  EXPECT_EQ(cpu_mask_text({0}), "0x1");
  EXPECT_EQ(cpu_mask_text({1, 2, 7}), "0x86");
  EXPECT_EQ(cpu_mask_text({3, 64}), "0x10000000000000008");
}

}  // namespace
}  // namespace berth::runtime::process
