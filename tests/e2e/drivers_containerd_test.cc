// More of what ctr asks of a runtime.
#include <gmock/gmock.h>

#include "tests/e2e/driver_fixtures.h"

namespace berth::test {
namespace {

using ::testing::HasSubstr;

TEST_F(Containerd, TellsFiguresOfALimitedContainer) {
  const Ran ran =
      ctr_run({"-d", "--memory-limit", "67108864", "--cpus", "0.5"}, {"/bin/sleep", "300"});
  ASSERT_EQ(ran.status, 0) << ran;
  const Ran metrics = ctr({"tasks", "metrics", "--format", "json", id()});
  EXPECT_EQ(metrics.status, 0) << metrics;
  EXPECT_THAT(metrics.out, HasSubstr("67108864"));
  EXPECT_THAT(ctr({"tasks", "ps", id()}).out, HasSubstr("PID"));
}

TEST_F(Containerd, ShowsARunningContainersOutputToWhoAttaches) {
  ASSERT_EQ(ctr_run({"-d"}, {"/bin/sh", "-c", "while :; do echo tick; sleep 0.1; done"}).status, 0);
  Running attached(ctr_words({"tasks", "attach", id()}));
  for (int i = 0; i < 200 && attached.out_so_far().empty(); ++i) ::usleep(50'000);
  EXPECT_THAT(attached.out_so_far(), HasSubstr("tick\n"));
  EXPECT_EQ(ctr({"tasks", "kill", "--signal", "KILL", id()}).status, 0);
  EXPECT_EQ(attached.wait().status, 137);
}

// ctr tells the program of its input's end where it started it, not where it attached.
TEST_F(Containerd, AnAttachWhoseInputEndsGoesOnToShowTheOutput) {
  ASSERT_EQ(ctr_run({"-d"}, {"/bin/sh", "-c", "read word; echo got $word; exec cat"}).status, 0);
  Running attached(ctr_words({"tasks", "attach", id()}), {.input = "one\ntwo\n"});
  for (int i = 0; i < 400 && attached.out_so_far().find("two") == std::string::npos; ++i) {
    ::usleep(50'000);
  }
  EXPECT_EQ(attached.out_so_far(), "got one\ntwo\n");
  EXPECT_THAT(ctr({"tasks", "ls"}).out, HasSubstr("RUNNING"));
  EXPECT_EQ(ctr({"tasks", "kill", "--signal", "KILL", id()}).status, 0);
  EXPECT_EQ(attached.wait().status, 137);
}

TEST_F(Containerd, GivesATerminal) {
  if (const auto why = lacks_program("script"); !why.empty()) GTEST_SKIP() << why;
  std::string line = "exec";
  for (const std::string& word : run_words({"--rm", "-t"}, {"/bin/tty"}, id())) line += " " + word;
  const Ran ran = run({"script", "--quiet", "--return", "--command", line, "/dev/null"});
  EXPECT_THAT(ran.out, HasSubstr("/dev/pts/0")) << ran;
}

TEST_F(Containerd, KillsAllProcesses) {
  ASSERT_EQ(ctr_run({"-d"}, {"/bin/sleep", "300"}).status, 0);
  const Ran more =
      ctr({"tasks", "exec", "--detach", "--exec-id", "more", id(), "/bin/sleep", "301"});
  ASSERT_EQ(more.status, 0) << more;
  EXPECT_EQ(ctr({"tasks", "kill", "--all", "--signal", "KILL", id()}).status, 0);
  EXPECT_TRUE(come_to("STOPPED"));
  const Ran removed = ctr({"tasks", "rm", id()});
  EXPECT_EQ(removed.status, 0) << removed;
}

}  // namespace
}  // namespace berth::test
