#include "tests/support/shell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>

#include "base/error.h"

namespace berth::test {
namespace {

using ::testing::HasSubstr;

TEST(Shell, KeepsBothOutputsAndTheStatusApart) {
  const Ran ran = run({"sh", "-c", "cat; echo wrong >&2; exit 3"}, {.input = "line\n"});
  EXPECT_EQ(ran.status, 3) << ran;
  EXPECT_EQ(ran.out, "line\n");
  EXPECT_EQ(ran.err, "wrong\n");
  EXPECT_FALSE(ran.timed_out);
}

TEST(Shell, TakesMoreThanAPipeHolds) {
  const Ran ran = run({"sh", "-c", "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"});
  EXPECT_EQ(ran.out.size(), 300000u);
  EXPECT_EQ(ran.err.size(), 300000u);
}

TEST(Shell, TellsASignalAndAProgramThatIsNotThere) {
  EXPECT_EQ(run({"sh", "-c", "kill -USR1 $$"}).status, 128 + SIGUSR1);
  const Ran ran = run({"/nowhere/program"});
  EXPECT_EQ(ran.status, 127);
  EXPECT_THAT(ran.err, HasSubstr("No such file"));
}

TEST(Shell, EndsTheWholeGroupWhenTimeIsOver) {
  const auto begin = std::chrono::steady_clock::now();
  const Ran ran =
      run({"sh", "-c", "sleep 300 & echo $!; wait"}, {.timeout = std::chrono::seconds(1)});
  EXPECT_TRUE(ran.timed_out);
  EXPECT_EQ(ran.status, 128 + SIGTERM) << ran;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  const int sleeper = std::stoi(ran.out);
  for (int tries = 0; ::kill(sleeper, 0) == 0 && tries < 100; ++tries) {
    const Ran state =
        run({"grep", "-q", "^State:.Z", "/proc/" + std::to_string(sleeper) + "/status"});
    if (state.status == 0) return;
    ::usleep(20000);
  }
  EXPECT_NE(::kill(sleeper, 0), 0);
}

TEST(Shell, DoesNotWaitForWhatTheProgramLeftBehind) {
  const Ran ran = run({"sh", "-c", "sleep 30 & echo $!"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(::kill(std::stoi(ran.out), SIGKILL), 0);
}

TEST(Shell, StartsWhereAndAsWhomItIsTold) {
  if (::geteuid() != 0) GTEST_SKIP() << "setuid takes root: " << errno_text(EPERM);
  const Ran ran = run({"sh", "-c", "pwd; id -un; echo $COLOUR"},
                      {.user = "nobody", .directory = "/usr", .more = {{"COLOUR", "red"}}});
  EXPECT_EQ(ran.out, "/usr\nnobody\nred\n") << ran;
}

TEST(Shell, RunsBesideTheTest) {
  Running beside({"sh", "-c", "echo first; read line; exec sleep 300"});
  for (int tries = 0; beside.out_so_far().empty() && tries < 500; ++tries) ::usleep(10000);
  EXPECT_EQ(beside.out_so_far(), "first\n");
  EXPECT_EQ(::kill(beside.pid(), SIGTERM), 0);
  EXPECT_EQ(beside.wait().status, 128 + SIGTERM);
}

}  // namespace
}  // namespace berth::test
