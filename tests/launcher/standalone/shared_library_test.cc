// The program for a start, which is linked statically, and the other one that it becomes.
#include <fcntl.h>
#include <gmock/gmock.h>

#include "base/file.h"
#include "tests/support/shell.h"
#include "tests/support/temporary_folder.h"

namespace berth {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kBerth = BERTH_BINARY_DIR "/berth", kFull = BERTH_BINARY_DIR "/berth-full";

class Standalone : public ::testing::Test {
 protected:
#ifdef __SANITIZE_ADDRESS__
  void SetUp() override {
    GTEST_SKIP() << "built with sanitizers, which no static program has";
  }
#endif

  // What it executes, a line for each; it is told to keep its states in a folder of the test's.
  std::string executed(std::vector<std::string> words) {
    const std::string trace = folder_.path() + "/trace";
    std::vector<std::string> all{"strace", "-s",  "500",  "-e",     "trace=execve,execveat",
                                 "-o",     trace, kBerth, "--root", folder_.path()};
    all.insert(all.end(), words.begin(), words.end());
    ran_ = test::run(all);
    return read_file(AT_FDCWD, trace);
  }

  static int count_of_programs(const std::string& calls) {
    int count = 0;
    for (size_t at = 0; (at = calls.find("execve", at)) != std::string::npos; ++at) ++count;
    return count;
  }

  const test::TemporaryFolder folder_;
  test::Ran ran_;
};

TEST_F(Standalone, LoadsNothing) {
  const test::Ran ran = test::run({"env", "LD_DEBUG=libs", kBerth, "--version"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(ran.err, "");
  EXPECT_THAT(test::run({"env", "LD_DEBUG=libs", kFull, "--version"}).err, HasSubstr("libc.so.6"));
}

TEST_F(Standalone, IsEnoughForAContainersLife) {
  for (const char* verb : {"state", "start", "kill", "delete"}) {
    const std::string calls = executed({verb, "nobody"});
    EXPECT_THAT(ran_.err, HasSubstr("nobody")) << verb;
    EXPECT_EQ(count_of_programs(calls), 1) << calls;
  }
  // Those execute themselves once more, read-only.
  EXPECT_EQ(count_of_programs(executed({"exec", "nobody", "true"})), 2);
}

// Read-only: or it would execute itself once more to be so.
TEST_F(Standalone, BecomesTheFullProgramWithTheSameWords) {
  const std::string calls = executed({"--log", "", "list", "--quiet"});
  EXPECT_EQ(ran_.status, 0) << ran_;
  EXPECT_THAT(calls, HasSubstr(R"("--log", "", "list", "--quiet"])"));
  EXPECT_THAT(calls.substr(calls.find('\n')), HasSubstr("execveat("));
  EXPECT_THAT(calls.substr(calls.find('\n')), Not(HasSubstr("execve("))) << calls;
}

TEST_F(Standalone, BecomesTheFullProgramWhereNoMountCanBeMade) {
  const test::Ran ran = test::run({"setpriv", "--bounding-set", "-sys_admin", kBerth, "--root",
                                   folder_.path(), "list", "--quiet"});
  EXPECT_EQ(ran.status, 0) << ran;
}

// Before anything is done for the container, and with the caller's signal mask.
TEST_F(Standalone, BecomesTheFullProgramWhereSystemdMakesTheCgroup) {
  for (const char* verb : {"create", "run"}) {
    const std::string calls = executed({"--systemd-cgroup", verb, "--bundle", "/none", "c"});
    EXPECT_EQ(ran_.status, 1) << ran_;
    EXPECT_THAT(ran_.err, HasSubstr("/none"));
    EXPECT_EQ(count_of_programs(calls), 3) << calls;
    EXPECT_EQ(count_of_programs(executed({verb, "--bundle", "/none", "c"})), 2) << verb;
  }
}

TEST_F(Standalone, SaysWhichProgramItLacks) {
  const test::Ran ran =
      test::run({"unshare", "-m", "sh", "-c",
                 "mount --bind /dev/null " + kFull + " && exec " + kBerth + " list"});
  EXPECT_EQ(ran.status, 125) << ran;
  EXPECT_THAT(ran.err, HasSubstr("execute '" + kFull + "': "));
}

}  // namespace
}  // namespace berth
