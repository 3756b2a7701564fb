// The order of a start as the kernel sees it: strace follows a process from the host to its
// program.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "runtime/container/enter.h"
#include "tests/runtime/container/bundle.h"

namespace berth::runtime {
namespace {

constexpr const char* kLimit = "268435456";

// This process under strace from here on.
void trace_to(const std::string& log) {
  const std::string pid = std::to_string(::getpid());
  if (::fork() == 0) {
    ::execlp("strace", "strace", "-qq", "-f", "-o", log.c_str(), "-p", pid.c_str(), nullptr);
    ::_exit(1);
  }
  while (read_file(AT_FDCWD, "/proc/self/status").find("TracerPid:\t0\n") != std::string::npos) {
    ::usleep(1000);
  }
}

// Without the pid in front, and without what AddressSanitizer asks before it does not return.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    line.erase(0, line.find_first_not_of("0123456789 "));
    if (!line.starts_with("sigaltstack(")) lines.push_back(std::move(line));
  }
  return lines;
}

int last_of(const std::vector<std::string>& lines, const std::vector<std::string>& starts) {
  int found = -1;
  for (size_t i = 0; i < lines.size(); ++i) {
    for (const std::string& start : starts) {
      if (lines[i].starts_with(start)) found = static_cast<int>(i);
    }
  }
  return found;
}

int only(const std::vector<std::string>& lines, const std::string& part) {
  int found = -1;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].find(part) == std::string::npos) continue;
    EXPECT_EQ(found, -1) << part << " twice";
    found = static_cast<int>(i);
  }
  return found;
}

TEST(Order, LimitsThenSeccompThenExecveAreTheLastActs) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  const test::Bundle bundle;
  const std::string log = bundle.path() + "/log";
  const test::Outcome outcome = test::launch(0, [&] {
    Entry entry = bundle.entry({"true"});
    const UniqueFd limit = open_file(AT_FDCWD, "/dev/null", O_WRONLY);
    entry.limits.limits.push_back({duplicate(limit.get()), kLimit, "memory.max"});
    entry.spec.linux_.seccomp.emplace();
    entry.spec.linux_.seccomp->default_action = "SCMP_ACT_ALLOW";
    entry.spec.linux_.seccomp->syscalls = {{{"acct"}, "SCMP_ACT_ERRNO", {}, {}}};
    trace_to(log);
    enter(std::move(entry));
  });
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto lines = lines_of(read_file(AT_FDCWD, log, size_t{8} << 20));
  const int mounts = last_of(lines, {"mount(", "move_mount(", "fsmount(", "mount_setattr(",
                                     "open_tree(", "umount2(", "pivot_root("});
  const int capabilities = last_of(lines, {"capset("});
  const int limit = only(lines, std::string("\"") + kLimit + "\"");
  const int seccomp = only(lines, "SECCOMP_SET_MODE_FILTER, 0, {");
  const int execve = only(lines, "execve(");
  EXPECT_GE(mounts, 0);
  EXPECT_LT(mounts, capabilities);
  EXPECT_LT(capabilities, limit);
  EXPECT_LT(limit, seccomp);
  EXPECT_EQ(seccomp + 1, execve);
  // Memory that the limit would forbid is not asked for any more.
  for (int i = limit + 1; i < seccomp; ++i) {
    EXPECT_THAT(lines[static_cast<size_t>(i)], ::testing::StartsWith("close("));
  }
}

}  // namespace
}  // namespace berth::runtime
