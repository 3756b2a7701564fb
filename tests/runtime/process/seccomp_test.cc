#include "runtime/process/seccomp.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/trace.h"
#include "runtime/process/capabilities.h"
#include "tests/runtime/process/in_child.h"
#include "tests/support/message_of.h"

namespace berth::runtime::process {
namespace {

using test::message_of;
using Names = std::vector<std::string>;

// 0, or the errno that the call comes to under the filter.
template <class Call>
std::string outcome(const spec::Seccomp& seccomp, Call call) {
  return test::in_child([&] {
    const SeccompFilter filter = SeccompFilter::compile(seccomp);
    set_no_new_privileges();
    filter.load();
    const int code = call() < 0 ? errno : 0;
    return code == 0 ? std::string("done") : errno_text(code);
  });
}

spec::Seccomp allow_but(spec::SeccompRule rule) {
  spec::Seccomp seccomp;
  seccomp.default_action = "SCMP_ACT_ALLOW";
  seccomp.syscalls.push_back(std::move(rule));
  return seccomp;
}

int make_directory() {
  return ::mkdir("/proc/berth", 0700);
}

TEST(Seccomp, RefusesWithTheErrnoOfTheRule) {
  const Names mkdirs{"mkdir", "mkdirat"};
  EXPECT_EQ(outcome(allow_but({mkdirs, "SCMP_ACT_ERRNO", {}, {}}), make_directory),
            "operation not permitted");
  EXPECT_EQ(outcome(allow_but({mkdirs, "SCMP_ACT_ERRNO", EXDEV, {}}), make_directory),
            errno_text(EXDEV));
}

TEST(Seccomp, LetsTheRestThrough) {
  EXPECT_EQ(outcome(allow_but({{"mkdir"}, "SCMP_ACT_ERRNO", {}, {}}), [] { return ::chdir("/"); }),
            "done");
}

TEST(Seccomp, LeavesOutNamesThatThisMachineDoesNotKnow) {
  EXPECT_EQ(
      outcome(allow_but({{"no_such_call", "mkdir"}, "SCMP_ACT_ERRNO", EXDEV, {}}), make_directory),
      errno_text(EXDEV));
}

TEST(Seccomp, ComparesArguments) {
  const auto filter =
      allow_but({{"socket"}, "SCMP_ACT_ERRNO", EXDEV, {{0, AF_NETLINK, 0, "SCMP_CMP_EQ"}}});
  EXPECT_EQ(outcome(filter, [] { return ::socket(AF_NETLINK, SOCK_RAW, 0); }), errno_text(EXDEV));
  EXPECT_EQ(outcome(filter, [] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }), "done");
  const auto masked = allow_but({{"socket"},
                                 "SCMP_ACT_ERRNO",
                                 EXDEV,
                                 {{1, SOCK_NONBLOCK, SOCK_NONBLOCK, "SCMP_CMP_MASKED_EQ"}}});
  EXPECT_EQ(outcome(masked, [] { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0); }),
            errno_text(EXDEV));
  EXPECT_EQ(outcome(masked, [] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }), "done");
}

TEST(Seccomp, TakesTwoComparisonsOfOneArgumentAsAlternatives) {
  const auto filter =
      allow_but({{"socket"},
                 "SCMP_ACT_ERRNO",
                 EXDEV,
                 {{0, AF_NETLINK, 0, "SCMP_CMP_EQ"}, {0, AF_UNIX, 0, "SCMP_CMP_EQ"}}});
  EXPECT_EQ(outcome(filter, [] { return ::socket(AF_NETLINK, SOCK_RAW, 0); }), errno_text(EXDEV));
  EXPECT_EQ(outcome(filter, [] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }), errno_text(EXDEV));
  EXPECT_EQ(outcome(filter, [] { return ::socket(AF_INET, SOCK_DGRAM, 0); }), "done");
}

TEST(Seccomp, RefusesOldCallsByDefaultAndHidesThoseNewerThanTheProfile) {
  spec::Seccomp seccomp;
  seccomp.default_action = "SCMP_ACT_ERRNO";
  seccomp.syscalls.push_back({{"write", "exit_group", "close", "read", "brk", "mmap", "munmap",
                               "futex", "newfstatat", "clone3", "sigaltstack"},
                              "SCMP_ACT_ALLOW",
                              {},
                              {}});
  EXPECT_EQ(outcome(seccomp, make_directory), "operation not permitted");
  EXPECT_EQ(outcome(seccomp, [] { return ::syscall(SYS_clone3 + 50, 0); }), errno_text(ENOSYS));
}

TEST(Seccomp, HidesNewerCallsFromWhomItWouldKillToo) {
  spec::Seccomp seccomp;
  seccomp.default_action = "SCMP_ACT_KILL_PROCESS";
  seccomp.syscalls.push_back({{"write", "exit_group", "close", "read", "brk", "mmap", "munmap",
                               "futex", "newfstatat", "clone3", "sigaltstack"},
                              "SCMP_ACT_ALLOW",
                              {},
                              {}});
  EXPECT_EQ(outcome(seccomp, [] { return ::syscall(SYS_clone3 + 50, 0); }), errno_text(ENOSYS));
}

TEST(Seccomp, TakesWhatARuleSaysOfTheNewestCallForTheLastWord) {
  spec::Seccomp seccomp = allow_but({{"clone3"}, "SCMP_ACT_ERRNO", EXDEV, {}});
  seccomp.default_action = "SCMP_ACT_ERRNO";
  seccomp.syscalls.push_back({{"write", "exit_group", "close", "read", "brk", "mmap", "munmap"},
                              "SCMP_ACT_ALLOW",
                              {},
                              {}});
  EXPECT_EQ(outcome(seccomp, [] { return ::syscall(SYS_clone3, 0, 0); }), errno_text(EXDEV));
  EXPECT_EQ(outcome(seccomp, [] { return ::syscall(SYS_clone3 + 1, 0, 0); }), errno_text(ENOSYS));
}

#if defined(__x86_64__)
// A 32-bit call of a 64-bit program: its result, which is negative where it failed.
long call_32(long number) {
  long result = number;
  asm volatile("int $0x80" : "+a"(result) : "b"(0L), "c"(0L), "d"(0L) : "memory");
  return result;
}

TEST(Seccomp, KnowsWhatIsNewOnEachArchitecture) {
  if (test::in_child([] { return std::to_string(call_32(20) > 0); }) != "1") {
    GTEST_SKIP() << "this kernel runs no 32-bit calls";
  }
  spec::Seccomp seccomp;
  seccomp.default_action = "SCMP_ACT_ERRNO";
  seccomp.architectures = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"};
  // openat2 has the number 437 on both, pkey_free 331 on one and 382 on the other.
  seccomp.syscalls.push_back(
      {{"write", "exit_group", "close", "read", "brk", "mmap", "munmap", "pkey_free"},
       "SCMP_ACT_ALLOW",
       {},
       {}});
  const auto result = [&](long number) {
    return outcome(seccomp, [&] {
      const long code = call_32(number);
      errno = code < 0 ? static_cast<int>(-code) : 0;
      return code < 0 ? -1 : 0;
    });
  };
  EXPECT_EQ(result(39), errno_text(EPERM));   // mkdir
  EXPECT_EQ(result(381), errno_text(EPERM));  // pkey_alloc, above 331
  EXPECT_EQ(result(437), errno_text(ENOSYS));
  constexpr long kX32 = 0x40000000;
  EXPECT_EQ(outcome(seccomp, [] { return ::syscall(kX32 + 437, 0); }), errno_text(ENOSYS));
  EXPECT_EQ(outcome(seccomp, [] { return ::syscall(kX32 + 83, 0); }), errno_text(EPERM));
}
#endif

TEST(Seccomp, ACallThatIsNotKnownIsLeftOutUnlessToldToRefuseIt) {
  const auto seccomp = allow_but({{"mkdir", "no_such_call"}, "SCMP_ACT_ERRNO", {}, {}});
  EXPECT_EQ(message_of([&] { (void)SeccompFilter::compile(seccomp); }), "no error");
  EXPECT_EQ(message_of([&] { (void)SeccompFilter::compile(seccomp, UnknownCalls::refuse); }),
            "linux.seccomp.syscalls: 'no_such_call' is not a system call known here");
}

TEST(Seccomp, KillsWhereTheActionSaysSo) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto filter =
        SeccompFilter::compile(allow_but({{"mkdir", "mkdirat"}, "SCMP_ACT_KILL_PROCESS", {}, {}}));
    set_no_new_privileges();
    filter.load();
    make_directory();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGSYS);
}

TEST(Seccomp, TakesEveryActionArchitectureAndFlagOfTheSpecification) {
  for (const char* action : {"SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
                             "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", "SCMP_ACT_LOG"}) {
    spec::Seccomp seccomp = allow_but({{"acct"}, action, {}, {}});
    seccomp.architectures = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32",
                             "SCMP_ARCH_AARCH64"};
    seccomp.flags = {"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
                     "SECCOMP_FILTER_FLAG_TSYNC"};
    if (std::string_view(action) == "SCMP_ACT_TRAP") seccomp.architectures.clear();
    EXPECT_EQ(outcome(seccomp, [] { return ::chdir("/"); }), "done") << action;
  }
}

TEST(Seccomp, KnowsWhetherItTakesAListener) {
  EXPECT_TRUE(SeccompFilter::compile(allow_but({{"mkdir"}, "SCMP_ACT_NOTIFY", {}, {}})).notifies());
  EXPECT_FALSE(SeccompFilter::compile(allow_but({{"mkdir"}, "SCMP_ACT_TRAP", {}, {}})).notifies());
}

TEST(Seccomp, PassesOverAFlagThatIsForListeners) {
  spec::Seccomp seccomp = allow_but({{"mkdir"}, "SCMP_ACT_ERRNO", EXDEV, {}});
  seccomp.flags = {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
  EXPECT_EQ(outcome(seccomp, make_directory), errno_text(EXDEV));
}

// What the kernel will be told, in the words of a trace.
std::string traced_flags(const spec::Seccomp& seccomp) {
  std::string said;
  const TraceSink before =
      set_trace_sink([&](std::string_view line) { said += std::string(line) + "\n"; });
  (void)SeccompFilter::compile(seccomp);
  set_trace_sink(before);
  return said;
}

TEST(Seccomp, TracesTheFlagsThatItIsLoadedWith) {
  spec::Seccomp seccomp = allow_but({{"mkdir"}, "SCMP_ACT_ERRNO", {}, {}});
  EXPECT_EQ(traced_flags(seccomp), "seccomp filter flags: 0\n");
  seccomp.flags = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
                   "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
  EXPECT_EQ(traced_flags(seccomp), "seccomp filter flags: 6\n");
  seccomp.syscalls[0].action = "SCMP_ACT_NOTIFY";
  EXPECT_EQ(traced_flags(seccomp), "seccomp filter flags: 46\n");
}

TEST(Seccomp, SaysWhatLoadingTakes) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root to give its rights up: " << errno_text(EPERM);
  EXPECT_EQ(test::in_child([] {
              const auto filter =
                  SeccompFilter::compile(allow_but({{"mkdir"}, "SCMP_ACT_ERRNO", {}, {}}));
              check(::setresuid(65534, 65534, 65534), "setresuid");
              filter.load();
              return std::string("loaded");
            }),
            "error: load seccomp filter: permission denied");
}

}  // namespace
}  // namespace berth::runtime::process
